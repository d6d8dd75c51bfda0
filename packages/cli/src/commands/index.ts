import type { Command } from "../command.ts";

/** A verb in the table: enough for `espx --help`; the rest is loaded when it is called. */
export interface CommandEntry {
  /** `sim pin` is the verb `pin` below `sim`. */
  readonly name: string;
  readonly summary: string;
  load(): Promise<{ readonly default: Command }>;
}

/** Every verb, in the order of `espx --help`. */
export const commands: readonly CommandEntry[] = [
  { name: "demo", summary: "show the main job on a virtual board", load: () => import("./demo.ts") },
  { name: "ports", summary: "list the ports at which boards may be", load: () => import("./ports.ts") },
  { name: "flash", summary: "write firmware into a board's flash", load: () => import("./flash.ts") },
  { name: "deploy", summary: "bring a profile or a folder onto a board", load: () => import("./deploy.ts") },
  { name: "cpall", summary: "the same as deploy, under its first name", load: () => import("./cpall.ts") },
  { name: "pcp", summary: "copy one file to a board", load: () => import("./pcp.ts") },
  { name: "pcp_conf", summary: "copy a config to a board's /config.txt", load: () => import("./pcp-conf.ts") },
  { name: "pcp_main", summary: "replace the main.py of the running slot", load: () => import("./pcp-main.ts") },
  { name: "exec", summary: "run Python code on a board", load: () => import("./exec.ts") },
  { name: "repl", summary: "talk to a board's prompt", load: () => import("./repl.ts") },
  { name: "test", summary: "run a profile's scenarios on virtual boards", load: () => import("./test.ts") },
  {
    name: "size",
    summary: "measure a profile's heap, flash and import times by module",
    load: () => import("./size.ts"),
  },
  { name: "chip", summary: "show what chip is at a port", load: () => import("./chip.ts") },
  {
    name: "partitions",
    summary: "show the partition table of a board or a file",
    load: () => import("./partitions.ts"),
  },
  {
    name: "partitions write",
    summary: "write a file into a partition by its name",
    load: () => import("./partitions-write.ts"),
  },
  {
    name: "partitions erase",
    summary: "erase a partition by its name",
    load: () => import("./partitions-erase.ts"),
  },
  { name: "backup", summary: "save all of a board's flash in a file", load: () => import("./backup.ts") },
  {
    name: "firmware",
    summary: "list the MicroPython firmware that can be fetched",
    load: () => import("./firmware.ts"),
  },
  { name: "firmware fetch", summary: "fetch a firmware into the cache", load: () => import("./firmware-fetch.ts") },
  { name: "image", summary: "the same as image-info", load: () => import("./image.ts") },
  {
    name: "image-info",
    summary: "show what an ESP image or a merged firmware holds",
    load: () => import("./image-info.ts"),
  },
  {
    name: "merge-bin",
    summary: "make one file of several that go to different addresses",
    load: () => import("./merge-bin.ts"),
  },
  { name: "chip-id", summary: "the same as chip, in esptool's words", load: () => import("./chip-id.ts") },
  { name: "flash-id", summary: "show maker, type and size of the flash chip", load: () => import("./flash-id.ts") },
  { name: "read-mac", summary: "show a chip's address", load: () => import("./read-mac.ts") },
  { name: "read-flash", summary: "read flash into a file", load: () => import("./read-flash.ts") },
  { name: "write-flash", summary: "write files to addresses in flash", load: () => import("./write-flash.ts") },
  { name: "verify-flash", summary: "compare files with what is in flash", load: () => import("./verify-flash.ts") },
  { name: "erase-region", summary: "erase a piece of flash", load: () => import("./erase-region.ts") },
  { name: "erase-flash", summary: "erase all of a board's flash", load: () => import("./erase-flash.ts") },
  { name: "restore", summary: "bring a board's flash back from a backup", load: () => import("./restore.ts") },
  { name: "monmqtt", summary: "follow what a device reports over MQTT", load: () => import("./monmqtt.ts") },
  { name: "cmd", summary: "send a command to a device over MQTT", load: () => import("./cmd.ts") },
  { name: "sim", summary: "run virtual boards with a broker", load: () => import("./sim.ts") },
  { name: "sim list", summary: "list the virtual boards that run", load: () => import("./sim-list.ts") },
  { name: "sim pin", summary: "read or set a pin of a virtual board", load: () => import("./sim-pin.ts") },
  { name: "sim fault", summary: "give a virtual board a fault", load: () => import("./sim-fault.ts") },
  { name: "sim power", summary: "switch a virtual board's power", load: () => import("./sim-power.ts") },
];

/**
 * The verb that `argv` names, looked up by its first words that are no flags; a hyphen stands for an underscore,
 * and the other way round.
 *
 * @returns undefined when the first word is no verb
 */
export function findCommand(argv: readonly string[]): CommandEntry | undefined {
  const words = argv
    .filter((word, index) => !word.startsWith("-") && argv[index - 1] !== "--timeout")
    .map(canonicalName);
  const named = (name: string): CommandEntry | undefined => commands.find((entry) => entry.name === name);
  return named(words.slice(0, 2).join(" ")) ?? named(words[0] ?? "");
}

/** A verb's name with hyphens for underscores, or the other way round; undefined when it has neither. */
export function otherSpelling(name: string): string | undefined {
  if (name.includes("_")) return name.replaceAll("_", "-");
  return name.includes("-") ? name.replaceAll("-", "_") : undefined;
}

/** `pcp-conf` as `pcp_conf`, `image_info` as `image-info`. */
function canonicalName(word: string): string {
  const other = otherSpelling(word);
  return other !== undefined && commands.some((entry) => entry.name === other) ? other : word;
}
