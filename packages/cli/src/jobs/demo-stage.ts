import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LinkError, VerifyError, type SimBoard, type SimSession } from "@espx/proto";
import type { Context } from "../context.ts";
import type { BrokerLink } from "../ports/mqtt.ts";

/** What the demo plays on: a broker, a virtual board, a folder, and a tool that listens to both. */
export interface Stage {
  readonly ctx: Context;
  readonly board: SimBoard;
  readonly device: string;
  readonly port: string;
  readonly folder: string;
  readonly brokerUrl: string;
  readonly link: BrokerLink;
  /** Waits for a message of the device that comes from now on. */
  nextMessage(topic: string, timeoutMs: number): Promise<string>;
  /** Median time between two rising edges of a pin, over `edges` of them. */
  pinPeriodMs(pin: number, edges: number): Promise<number>;
  close(): Promise<void>;
}

const DEVICE = "demo";

/** A line without a rate is done before the power can be cut in the middle. */
const LINE_BAUD = 115_200;

/** Sets the stage in a temporary folder; nothing of it is left after `close`. */
export async function setStage(outer: Context): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "espx-demo-"));
  const ctx: Context = {
    ...outer,
    cwd: folder,
    env: { ...outer.env, ESPX_STATE_DIR: folder },
    flags: { ...outer.flags, yes: true },
  };
  const broker = await ctx.outside.startBroker();
  const closers: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true }), () => broker.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const session = await startBoard(ctx, broker.url);
    closers.push(() => session.close());
    const link = await ctx.outside.connectBroker({ url: broker.url, signal: ctx.signal });
    closers.push(() => link.close());
    const info = session.boards[0];
    const board = session.world.boards()[0];
    if (info === undefined || board === undefined)
      throw new LinkError("cli/timed-out", "the virtual board did not start");
    await writeFile(join(folder, "config.txt"), configText(info.name, broker.url));
    const port = info.urls[0] ?? `sim:${info.name}`;
    return {
      ctx,
      board,
      device: info.name,
      port,
      folder,
      brokerUrl: broker.url,
      link,
      ...watchers(ctx, { board, link }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startBoard(ctx: Context, brokerUrl: string): Promise<SimSession> {
  const control = await ctx.outside.simControl();
  const taken = (await control.list()).map(({ name }) => name);
  const name = taken.includes(DEVICE) ? `${DEVICE}-${process.pid}` : DEVICE;
  return control.start({ names: [name], fresh: true, stateFolder: undefined, brokerUrl, baudRate: LINE_BAUD });
}

function configText(device: string, brokerUrl: string): string {
  const { host } = new URL(brokerUrl);
  return `ssid espx-sim\npassword espx-sim\nmqttbroker ${host}\nmqttname ${device}\nrate 2\n`;
}

function watchers(
  ctx: Context,
  { board, link }: { board: SimBoard; link: BrokerLink },
): Pick<Stage, "nextMessage" | "pinPeriodMs"> {
  return {
    async nextMessage(topic, timeoutMs) {
      const text = new TextDecoder();
      let leave = (): Promise<void> => Promise.resolve();
      const arrived = new Promise<string>((resolve, reject) => {
        const listen = link.subscribe(topic, ({ payload, retained }) => {
          if (!retained) resolve(text.decode(payload));
        });
        listen.then((stop) => (leave = stop), reject);
      });
      try {
        return await within(ctx, arrived, { timeoutMs, what: `a message on ${topic}` });
      } finally {
        await leave();
      }
    },
    async pinPeriodMs(pin, edges) {
      const risen: number[] = [];
      let leave = (): void => undefined;
      const enough = new Promise<void>((resolve) => {
        leave = board.onEvent((event) => {
          if (event.kind !== "pin" || event.pin !== pin || event.value !== 1) return;
          risen.push(event.atMs);
          if (risen.length > edges) resolve();
        });
      });
      try {
        await within(ctx, enough, { timeoutMs: 15_000, what: `pin ${pin} to change` });
      } finally {
        leave();
      }
      const periods = risen.slice(1).map((atMs, index) => atMs - (risen[index] ?? 0));
      return periods.toSorted((a, b) => a - b)[Math.floor(periods.length / 2)] ?? Number.NaN;
    },
  };
}

/** @throws VerifyError `cli/claim-failed` when `promise` takes longer */
export async function within<T>(
  ctx: Context,
  promise: Promise<T>,
  { timeoutMs, what }: { timeoutMs: number; what: string },
): Promise<T> {
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  const late = ctx.clock.sleep(timeoutMs, signal).then(() => {
    throw new VerifyError("cli/claim-failed", `waited ${timeoutMs / 1000} s in vain for ${what}`, {
      hint: "run it again with --verbose and report what it prints",
    });
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => undefined);
    stop.abort(new Error("no longer waited for"));
  }
}
