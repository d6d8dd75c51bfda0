import { crc32, decodeSlotRecord, formatHex, isEspxError, parseHex, ProtocolError } from "@espx/proto";
import type { FileFact, Inventory, SlotRecord } from "@espx/proto";
import { decodeBase64 } from "./base64.ts";

/**
 * Reads what the inventory script prints: tagged lines, each tag with its own fields, and `end <lines> <crc32>`.
 *
 * @throws ProtocolError `serial/bad-inventory` for anything else, so that a byte lost on the wire never looks like a
 *   missing file
 */
export function parseInventory(text: string): Inventory {
  return readInventory(text).inventory;
}

/** What lies on a board under the temporary name, left by a deploy that was broken off. */
export type PartialFile = Pick<FileFact, "sizeBytes" | "sha256">;

/** {@link parseInventory}, with what an earlier deploy left half done. */
export function readInventory(text: string): { readonly inventory: Inventory; readonly partial: PartialFile | null } {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const end = lines.findIndex((line) => line.startsWith("end "));
  if (end < 0) throw bad("has no end line", text.slice(-40));
  checkEnd(lines.slice(0, end), lines[end] as string);
  if (lines[0] !== "espx 2") throw bad("starts with", lines[0] ?? "");
  const read = lines.slice(1, end).map(readLine);
  const part = read.find(({ tag }) => tag === "part")?.fields;
  const partial = part === undefined ? null : { sizeBytes: Number(part[0]), sha256: hexOf(part[1] as string) };
  return { inventory: collect(read), partial };
}

interface Line {
  readonly tag: string;
  readonly fields: readonly string[];
}

/** Tags with the form of their fields; those in `single` come exactly once. */
const forms: Readonly<Record<string, RegExp>> = {
  id: /^[0-9a-f]{12}$/,
  chip: /^(?:[0-9a-f]{2})+$/,
  board: /^(?:(?:[0-9a-f]{2})+|-)$/,
  build: /^(?:(?:[0-9a-f]{2})+|-)$/,
  version: /^\d{1,4} \d{1,4} \d{1,4}$/,
  mpy: /^\d{1,3}$/,
  arch: /^\d{1,2}$/,
  free: /^\d{1,15}$/,
  heap: /^\d{1,15}$/,
  can: /^[a-z0-9-]{1,32}$/,
  record: /^[01] (?:(?:[0-9a-f]{2})+|-)$/,
  foreign: /^\/(?:boot|main)\.py$/,
  part: /^\d{1,15} [A-Za-z0-9+/]{43}$/,
  file: /^\d{1,15} [A-Za-z0-9+/]{43} (?:\/[!-~]*|(?:[0-9a-f]{2})+)$/,
};
const single = ["id", "chip", "board", "version", "mpy", "free", "heap"] as const;

function readLine(line: string): Line {
  const [tag = "", ...fields] = line.split(" ");
  if (!Object.hasOwn(forms, tag) || !forms[tag]?.test(fields.join(" "))) throw bad("holds the line", line);
  return { tag, fields };
}

function collect(lines: readonly Line[]): Inventory {
  const all = (tag: string): readonly (readonly string[])[] =>
    lines.filter((line) => line.tag === tag).map((line) => line.fields);
  const one = (tag: (typeof single)[number]): readonly string[] => {
    const found = all(tag);
    if (found.length !== 1) throw bad(`has ${found.length} lines of`, tag);
    return found[0] as readonly string[];
  };
  const [major, minor, patch] = one("version").map(Number) as [number, number, number];
  const board = hexText(first(one("board")));
  return {
    id: first(one("id")),
    chip: chipOf(hexText(first(one("chip"))), board),
    board,
    ...buildOf(all("build")),
    ...archOf(all("arch")),
    version: [major, minor, patch],
    mpyVersion: Number(first(one("mpy"))),
    freeBytes: Number(first(one("free"))),
    heapFreeBytes: Number(first(one("heap"))),
    capabilities: all("can").map(first),
    foreign: all("foreign").map(first),
    files: readFiles(all("file")),
    ...newestRecord(all("record")),
  };
}

function archOf([line]: readonly (readonly string[])[]): { readonly mpyArch?: number } {
  return line === undefined ? {} : { mpyArch: Number(first(line)) };
}

/** Firmware before 1.25 does not tell. */
function buildOf([line]: readonly (readonly string[])[]): { readonly build?: string } {
  const build = line === undefined ? "" : hexText(first(line));
  return build === "" ? {} : { build };
}

/** `sys.platform` is esp32 on the whole family; which one it is stands at the end of `os.uname().machine`. */
function chipOf(platform: string, board: string): string {
  const suffix = /^.* with ESP32-?([CHPS]\d)/i.exec(board)?.[1];
  return platform === "esp32" && suffix !== undefined ? `esp32${suffix.toLowerCase()}` : platform;
}

function readFiles(lines: readonly (readonly string[])[]): readonly FileFact[] {
  const files = lines.map(([size = "", sha256 = "", path = ""]) => ({
    path: path.startsWith("/") ? path : hexText(path),
    sizeBytes: Number(size),
    sha256: hexOf(sha256),
  }));
  const paths = new Set(files.map((file) => file.path));
  if (paths.size !== files.length) throw bad("names a file", "twice");
  return files;
}

/** A record that does not decode counts as absent: it is what a torn write leaves. */
function newestRecord(lines: readonly (readonly string[])[]): Pick<Inventory, "record" | "recordFile"> {
  let newest: { readonly record: SlotRecord; readonly recordFile: 0 | 1 } | null = null;
  for (const [file = "", hex = "-"] of lines) {
    const record = hex === "-" ? null : decodeOrNull(parseHex(hex));
    if (record === null || (newest !== null && newest.record.count >= record.count)) continue;
    newest = { record, recordFile: file === "0" ? 0 : 1 };
  }
  return newest ?? { record: null, recordFile: null };
}

function decodeOrNull(bytes: Uint8Array): SlotRecord | null {
  try {
    return decodeSlotRecord(bytes);
  } catch (error) {
    if (isEspxError(error)) return null;
    throw error;
  }
}

function checkEnd(lines: readonly string[], end: string): void {
  const match = /^end (\d{1,6}) (\d{1,10})$/.exec(end);
  if (match === null) throw bad("ends with", end);
  const sum = crc32(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  if (Number(match[1]) !== lines.length || Number(match[2]) >>> 0 !== sum) {
    throw bad("does not fit its own count and checksum:", `${lines.length} lines`);
  }
}

function first(fields: readonly string[]): string {
  return fields[0] as string;
}

function hexOf(base64: string): string {
  return formatHex(decodeBase64(base64));
}

function hexText(hex: string): string {
  return hex === "-" ? "" : new TextDecoder().decode(parseHex(hex));
}

function bad(what: string, got: string): ProtocolError {
  return new ProtocolError("serial/bad-inventory", `the board's inventory ${what} "${got.slice(0, 120)}"`, {
    hint: "another program on the port, or a bad cable? Try again",
  });
}
