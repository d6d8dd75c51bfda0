import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";

/** A process that has a file or a port open. */
export interface ResourceHolder {
  readonly pid: number;
  readonly command: string;
}

/**
 * Processes that have the device at `path` open, as far as this user may see; none where there is no `/proc`.
 */
export function findDeviceHolders(path: string): readonly ResourceHolder[] {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return [];
  }
  return holdersOf((target) => target === real);
}

/** The process that listens at a TCP port of this machine, as far as this user may see. */
export function findPortHolder(port: number): ResourceHolder | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listenersIn(table, port)));
  if (inodes.size === 0) return undefined;
  return holdersOf((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? ""))[0];
}

/** `screen (pid 4711)`, or who cannot be seen. */
export function formatHolders(holders: readonly ResourceHolder[]): string {
  if (holders.length === 0) return "another program";
  return holders
    .map(({ command, pid }) => (pid === process.pid ? `this program (pid ${pid})` : `${command} (pid ${pid})`))
    .join(", ");
}

function holdersOf(matches: (target: string) => boolean): readonly ResourceHolder[] {
  const pids = quietly(() => readdirSync("/proc"))?.filter((name) => /^\d+$/.test(name)) ?? [];
  return pids.filter((pid) => hasOpen(pid, matches)).map((pid) => ({ pid: Number(pid), command: commandOf(pid) }));
}

function hasOpen(pid: string, matches: (target: string) => boolean): boolean {
  const descriptors = quietly(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return descriptors.some((fd) => matches(quietly(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? ""));
}

function commandOf(pid: string): string {
  return quietly(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim()) || "a program";
}

/** Inodes of the listening sockets of `port` in a table of the kernel; state 0A is LISTEN. */
function listenersIn(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines =
    quietly(() => readFileSync(table, "utf8"))
      ?.split("\n")
      .slice(1) ?? [];
  return lines
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local, , state, , , , , , inode]) =>
      local?.endsWith(suffix) && state === "0A" && inode ? [inode] : [],
    );
}

/** Other processes come and go while they are looked at, and some are not ours to see. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
