import type { PortInfo, SerialLink } from "@espx/proto";
import * as ports from "./ports/serial.ts";

// `espx/node`: for programs that run beside a board.
export * from "./library.ts";
export { flashTools } from "./ports/flash-tools.ts";

/** Every port that can be listed: those of this machine, then running simulators. None is opened. */
export function listPorts(): Promise<readonly PortInfo[]> {
  return ports.listPorts(process.env);
}

/**
 * Opens the port at `url`: a path or `COM3`, `sim:NAME`, `rfc2217://host:port` or `socket://host:port`.
 *
 * @throws NotFoundError `port/not-found`
 * @throws BusyError `port/busy`, naming the holder where it can be seen
 * @throws PermissionError `port/permission`
 * @throws LinkError `port/unreachable`
 */
export function openPort(url: string, options: Omit<ports.OpenPortOptions, "env"> = {}): Promise<SerialLink> {
  return ports.openPort(url, { ...options, env: process.env });
}
