import type {
  SerialLink,
  SimBoard,
  SimInfo,
  SimSerialOptions,
  SimSession,
  SimStartOptions,
  SimWorld,
} from "@espx/proto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Rfc2217Server } from "../rfc2217/rfc2217-server.ts";
import { startBaudRate } from "../board/serial-wire.ts";
import { ControlServer } from "./control-server.ts";
import { PtyServer } from "./pty-server.ts";
import type { Registry } from "./registry.ts";
import { type RegistryEntry, toSimInfo } from "./registry-entry.ts";
import { SerialGate } from "./serial-gate.ts";
import { SerialServer } from "./serial-server.ts";

/** Makes the world that the boards of a session live in. */
export type WorldFactory = (options: { readonly mode: "real"; readonly brokerUrl: string }) => Promise<SimWorld>;

/** What can be undone, newest first, whatever goes wrong on the way. */
class Undo {
  readonly #steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Takes every step even when one throws, and throws the first of those errors. */
  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

export interface SessionParts {
  readonly registry: Registry;
  readonly createWorld: WorldFactory;
}

/** Starts the boards that `options` names, all or none; their names must be free and different. */
export async function startSession(parts: SessionParts, options: SimStartOptions): Promise<SimSession> {
  const undo = new Undo();
  try {
    const world = await parts.createWorld({ mode: "real", brokerUrl: options.brokerUrl });
    undo.add(() => world.close());
    const boards: SimInfo[] = [];
    for (const name of options.names) boards.push(await startBoard({ ...parts, options, world, undo, name }));
    let closing: Promise<void> | undefined;
    return { boards, world, close: () => (closing ??= undo.run()) };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

interface BoardStart extends SessionParts {
  readonly options: SimStartOptions;
  readonly world: SimWorld;
  readonly undo: Undo;
  readonly name: string;
}

async function startBoard({ registry, options, world, undo, name }: BoardStart): Promise<SimInfo> {
  const stateFile = options.stateFolder === undefined ? undefined : join(options.stateFolder, `${name}.flash`);
  if (stateFile !== undefined && options.fresh) rmSync(stateFile, { force: true });
  const board = await world.addBoard({
    name,
    ...(stateFile !== undefined && { stateFile }),
    ...(options.chip !== undefined && { chip: options.chip }),
    ...(options.blank !== undefined && { blank: options.blank }),
  });
  undo.add(() => board.powerOff());
  const { onConsole } = options;
  if (onConsole !== undefined) {
    undo.add(board.onEvent((event) => (event.kind === "console" ? onConsole(name, event.bytes) : undefined)));
  }
  const entry = await openSockets({ registry, board, undo, options });
  await board.powerOn();
  await publish(registry, entry, undo);
  return toSimInfo(entry);
}

interface Doors {
  readonly registry: Registry;
  readonly board: SimBoard;
  readonly undo: Undo;
  readonly options: SimStartOptions;
}

async function openSockets({ registry, board, undo, options }: Doors): Promise<RegistryEntry> {
  const { name } = board;
  const { brokerUrl, baudRate, pty = false } = options;
  const paths = registry.socketPaths(name);
  const gate = new SerialGate({
    name,
    openSerial: (wish): SerialLink => board.openSerial({ ...lineOf(baudRate, wish), ...wish }),
  });
  const serial = await SerialServer.open(gate, { name, path: paths.serialPath });
  undo.add(() => serial.close());
  const control = await ControlServer.open(board, paths.controlPath);
  undo.add(() => control.close());
  const rfc2217 = await Rfc2217Server.open(gate, { name });
  undo.add(() => rfc2217.close());
  const urls = [`sim:${name}`, rfc2217.url];
  if (pty) urls.push(await openTerminal(registry, gate, { name, undo }));
  return { v: 1, name, pid: process.pid, urls, brokerUrl, ...paths };
}

/** A client that can set its rate comes with that of the prompt, as on any adapter; one that cannot is always understood. */
function lineOf(maxBaudRate: number | undefined, { rateless = false }: SimSerialOptions = {}): SimSerialOptions {
  if (maxBaudRate === undefined) return {};
  return { baudRate: rateless ? maxBaudRate : startBaudRate, maxBaudRate };
}

async function openTerminal(
  registry: Registry,
  gate: SerialGate,
  { name, undo }: { readonly name: string; readonly undo: Undo },
): Promise<string> {
  const server = await PtyServer.open(gate, { name, ...registry.terminalPaths(name) });
  undo.add(() => server.close());
  return server.path;
}

async function publish(registry: Registry, entry: RegistryEntry, undo: Undo): Promise<void> {
  await registry.publish(entry);
  const withdraw = (): void => registry.withdraw(entry);
  // The caller closes the session when it is told to stop; this is for an exit that asks nobody.
  process.once("exit", withdraw);
  undo.add(() => {
    process.off("exit", withdraw);
    withdraw();
  });
}
