import { type PortInfo, type PortProvider, type SerialLink, UsageError } from "@espx/proto";
import { basename } from "node:path";
import { Registry } from "./registry.ts";
import { runtimeFolder } from "./runtime-folder.ts";
import type { SerialHolder } from "./serial-gate.ts";
import { SocketLink } from "./socket-link.ts";

const scheme = "sim";

export interface SimPortsOptions {
  /** Defaults to {@link runtimeFolder}. */
  readonly folder?: string;
  /** How a second client is told who has the port; defaults to this program with its verb. */
  readonly command?: string;
}

/** Reaches the boards of this user's simulators as `sim:NAME`. */
export function createSimPorts(options: SimPortsOptions = {}): PortProvider {
  const registry = new Registry(options.folder ?? runtimeFolder());
  const holder: SerialHolder = { pid: process.pid, command: options.command ?? describeProgram(process.argv) };
  return {
    scheme,
    list: async () => (await registry.list()).map(({ name, pid }) => describePort(name, pid)),
    open: async (url, { baudRate, signal } = {}): Promise<SerialLink> => {
      const name = parseSimUrl(url);
      const findPath = async (): Promise<string> => (await registry.find(name)).serialPath;
      const link = await SocketLink.open({ url, findPath, holder, signal });
      if (baudRate !== undefined) await link.setBaud(baudRate);
      return link;
    },
  };
}

function describePort(name: string, pid: number): PortInfo {
  return { url: `${scheme}:${name}`, description: `virtual board, pid ${pid}`, known: true };
}

function parseSimUrl(url: string): string {
  if (url.startsWith(`${scheme}:`)) return url.slice(scheme.length + 1);
  throw new UsageError("sim/bad-url", `"${url}" is not of the form sim:NAME`);
}

/** Program and verb; later arguments may say more than others should know. */
function describeProgram(argv: readonly string[]): string {
  const program = basename(argv[1] ?? "node").replace(/\.[cm]?[jt]s$/, "");
  const verb = argv[2];
  const words = verb !== undefined && /^[a-z][a-z_-]*$/.test(verb) ? `${program} ${verb}` : program;
  return words.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);
}
