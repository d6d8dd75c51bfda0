import { UsageError, type PortInfo, type PortProvider, type SerialLink } from "@espx/proto";
import type { Env } from "../context.ts";

/** How each scheme is reached; what is heavy is loaded when it is used. */
const providers: Readonly<Record<string, (env: Env) => Promise<PortProvider>>> = {
  file: async () => (await import("./serialport.ts")).createSerialPorts(),
  sim: async (env) => (await import("./sim-control.ts")).simPorts(env),
  rfc2217: async () => (await import("./rfc2217.ts")).createRfc2217Ports(),
  socket: async () => (await import("./socket.ts")).createSocketPorts(),
};

export interface OpenPortOptions {
  readonly baudRate?: number;
  readonly signal?: AbortSignal;
  readonly env: Env;
}

/** Every port that can be listed: those of this machine, then running simulators; or those of one scheme. None is opened. */
export async function listPorts(env: Env, scheme?: string): Promise<readonly PortInfo[]> {
  const wanted = Object.entries(providers).filter(([name]) => scheme === undefined || name === scheme);
  const lists = await Promise.all(wanted.map(async ([, load]) => (await load(env)).list()));
  return lists.flat();
}

/**
 * Opens the port at `url`: a path or `COM3`, `sim:NAME`, `rfc2217://host:port` or `socket://host:port`.
 *
 * @throws NotFoundError `port/not-found`
 * @throws BusyError `port/busy`, naming the holder where it can be seen
 * @throws PermissionError `port/permission`
 * @throws LinkError `port/unreachable`
 */
export async function openPort(url: string, { env, ...options }: OpenPortOptions): Promise<SerialLink> {
  if (url.trim() === "") {
    const hint = "name one, for example --port /dev/ttyUSB0, or leave --port off";
    throw new UsageError("port/bad-url", "the port has no name", { hint });
  }
  const scheme = schemeOf(url);
  const load = providers[scheme];
  if (load !== undefined) return (await load(env)).open(url, options);
  const { notFound } = await import("./serialport-errors.ts");
  throw notFound(url, await listPorts(env));
}

/** `file` for a path, `COM3` or a Windows path; else what stands before the colon. */
function schemeOf(url: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(url)?.[1]?.toLowerCase();
  return scheme ?? "file";
}
