import { join } from "node:path";
import { formatHex, isEspxError } from "@espx/proto";
import type { Context } from "../context.ts";
import { stateFolder } from "../project/remembered.ts";

/** Which boards to run, and how. */
export interface SimulateOptions {
  readonly names: readonly string[];
  readonly fresh: boolean;
  /** Chip of boards that are new; undefined takes the ESP32. */
  readonly chip?: string | undefined;
  /** New boards come erased. */
  readonly blank?: boolean;
  /** Port of the embedded broker; undefined takes 1883 when it is free, else any. */
  readonly brokerPort: number | undefined;
  /** Bits a second of the serial lines; undefined: as fast as the boards read. */
  readonly baudRate?: number | undefined;
  /** Whether each board gets a pseudo-terminal. */
  readonly pty?: boolean;
}

/** Runs virtual boards and their broker until the signal aborts, then stops both. */
export async function simulate(ctx: Context, options: SimulateOptions): Promise<void> {
  const { names, fresh, brokerPort, chip, blank, baudRate, pty = false } = options;
  const control = await ctx.outside.simControl();
  const broker = await startBroker(ctx, brokerPort);
  try {
    const folder = join(stateFolder(ctx.env), "sim");
    const session = await control.start({
      names,
      fresh,
      ...(chip !== undefined && { chip }),
      ...(blank === true && { blank }),
      stateFolder: folder,
      brokerUrl: broker.url,
      pty,
      ...(baudRate !== undefined && { baudRate }),
      onConsole: consoleLog(ctx),
    });
    try {
      const macs = new Map(session.world.boards().map((board) => [board.name, formatHex(board.mac)]));
      for (const { name, urls, brokerUrl } of session.boards) {
        ctx.out.emit({
          kind: "board",
          device: name,
          data: { name, id: macs.get(name) ?? null, urls: [...urls], broker: brokerUrl },
        });
      }
      const info = "one access point: espx-sim, password espx-sim; Ctrl-C stops";
      ctx.out.emit({ kind: "log", data: { level: "info", text: info } });
      await aborted(ctx.signal);
    } finally {
      await session.close();
      for (const name of names) ctx.out.emit({ kind: "stopped", device: name, data: { name } });
    }
  } finally {
    await broker.close();
  }
}

const MQTT_PORT = 1883;

async function startBroker(ctx: Context, port: number | undefined): ReturnType<Context["outside"]["startBroker"]> {
  if (port !== undefined) return ctx.outside.startBroker({ port });
  try {
    return await ctx.outside.startBroker({ port: MQTT_PORT });
  } catch (error) {
    if (!isEspxError(error, "broker/port-busy")) throw error;
    return ctx.outside.startBroker();
  }
}

/** Console output of the boards by whole lines, each with its board's name, for `--verbose`. */
function consoleLog(ctx: Context): (name: string, bytes: Uint8Array) => void {
  const open = new Map<string, string>();
  const decoder = new TextDecoder();
  return (name, bytes) => {
    const lines = ((open.get(name) ?? "") + decoder.decode(bytes)).split(/\r?\n/);
    open.set(name, lines.pop() ?? "");
    for (const line of lines)
      ctx.out.emit({ kind: "log", device: name, data: { level: "detail", text: `${name}: ${line}` } });
  };
}

/** Never resolves; rejects with the signal's reason. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
