import { formatHex, type Inventory, type LinkListener, type SerialLink } from "@espx/proto";
import { SerialTransport } from "@espx/serial";
import type { Deflate, Entered } from "@espx/serial";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateRawSync } from "node:zlib";
import type { Context } from "../context.ts";
import { sha256 } from "../release/build.ts";
import { lineOf, type BaudWish } from "./line-rates.ts";
import { type Patience, startPatience } from "./patience.ts";
import { openWhenThere } from "./wait-for-port.ts";

/** A board behind an open port. */
export interface Board {
  readonly url: string;
  readonly transport: SerialTransport;
  /** Whether a program was stopped, and does not run again yet. */
  isStopped(): boolean;
  /** {@link SerialTransport.inventory}, under the run's signal. */
  inventory(): Promise<Inventory>;
  /** Delivers what the board says until the returned function is called, or ends; nothing may be asked of it meanwhile. */
  listen(listener: LinkListener): () => void;
  /** Puts one file there, verified. */
  put(path: string, content: Uint8Array): Promise<void>;
}

const ENTER_TIMEOUT_MS = 12_000;
const CLOSE_MS = 100;

const deflate: Deflate = (bytes, windowBits) => deflateRawSync(bytes, { level: 9, windowBits, memLevel: 9 });

/** What becomes of a program that had to be stopped: a reset of the chip, a start as Ctrl-D makes it, or nothing. */
type Afterwards = "restart" | "soft-restart" | "leave-stopped";

/** Where a board is worked on, and how. */
export interface BoardWork {
  readonly url: string;
  readonly afterwards: Afterwards;
  /** What is wanted of the line while much is sent; that of the prompt unless given. */
  readonly baud?: BaudWish;
}

/**
 * Opens a port, does `work` with the board behind it, and closes the port, however it ends.
 *
 * @param afterwards - what is done for a program that was stopped, when the work ends without having started it again
 */
export async function withBoard<T>(
  ctx: Context,
  { url, afterwards, baud = "fixed" }: BoardWork,
  work: (board: Board) => Promise<T>,
): Promise<T> {
  const link = await openWhenThere(ctx, url);
  let stopped = false;
  let entered = false;
  const transport = new SerialTransport(link, ctx.clock, {
    ...lineOf(ctx, link, baud),
    timeoutMs: enterTimeoutMs(ctx),
    deflate,
    sha256,
    onConsole: (line) => detail(ctx, `board: ${line}`),
    onEntered: (entry) => {
      stopped = entry.interrupted;
      entered = true;
      detail(ctx, describeEntry(url, entry));
    },
  });
  const ours = trackResets(transport, () => (stopped = false));
  const patience = startPatience(link, ctx.signal);
  try {
    return await work(boardOf(ctx, { url, link, isStopped: () => stopped }, ours));
  } finally {
    const told = stopped ? afterwards : "leave-stopped";
    await release(ctx, { link, transport: ours, patience, afterwards: told, entered });
  }
}

/** A board that never answers shall be named before `--timeout` ends the run with less to say. */
function enterTimeoutMs({ flags }: Context): number {
  return Math.min(ENTER_TIMEOUT_MS, (flags.timeoutMs ?? Number.POSITIVE_INFINITY) * 0.8);
}

/** Knows when the program was started anew, so that it is not done twice. */
function trackResets(transport: SerialTransport, onReset: () => void): SerialTransport {
  const reset = transport.reset.bind(transport);
  const restart = transport.restart.bind(transport);
  transport.restart = async (signal) => {
    onReset();
    await restart(signal);
  };
  transport.reset = async (why, signal) => {
    onReset();
    await reset(why, signal);
  };
  return transport;
}

interface OpenPort {
  readonly url: string;
  readonly link: SerialLink;
  readonly isStopped: () => boolean;
}

function boardOf(ctx: Context, { url, link, isStopped }: OpenPort, transport: SerialTransport): Board {
  return {
    url,
    isStopped,
    listen: (listener) => link.listen(listener),
    transport,
    inventory: () => transport.inventory(ctx.signal),
    async put(path, bytes) {
      const digest = formatHex(await sha256(bytes));
      const total = bytes.length;
      const progress = (doneBytes: number): void =>
        ctx.out.emit({ kind: "progress", data: { task: "sending", doneBytes, totalBytes: total, path } });
      const step = { kind: "put", path, sizeBytes: total, sha256: digest, source: { kind: "blob", bytes } } as const;
      await transport.apply(step, { progress, signal: ctx.signal });
    },
  };
}

interface Release {
  readonly link: SerialLink;
  readonly transport: SerialTransport;
  readonly patience: Patience;
  readonly afterwards: Afterwards;
  /** Whether the board was ever at its prompt; one that was not is left as it was found. */
  readonly entered: boolean;
}

/** The port is closed whatever the board says: what ended the work is what is reported, and here in what state the board is left. */
async function release(ctx: Context, { link, transport, patience, afterwards, entered }: Release): Promise<void> {
  try {
    if ((await leave(transport, { afterwards, signal: patience.signal })) || !entered) return;
    warn(ctx, `${link.url}: the board says nothing any more; whether it is at its prompt is not known`);
  } catch {
    if (afterwards === "leave-stopped") return;
    warn(ctx, `${link.url}: the program on the board was stopped, and could not be started again: reset the board`);
  } finally {
    patience.end();
    await close(link, patience.signal);
  }
}

/** Starts the program again, or leaves the board at its prompt; answers whether it is so, as far as can be told. */
async function leave(
  transport: SerialTransport,
  { afterwards, signal }: { readonly afterwards: Afterwards; readonly signal: AbortSignal },
): Promise<boolean> {
  if (afterwards === "leave-stopped") return transport.leave(signal);
  await (afterwards === "restart" ? transport.reset("commanded", signal) : transport.restart(signal));
  return true;
}

/** A link whose other end is gone too is not waited for. */
async function close(link: SerialLink, { aborted }: AbortSignal): Promise<void> {
  const closed = link.close();
  if (aborted) await Promise.race([closed, sleep(CLOSE_MS)]);
  else await closed;
}

function describeEntry(url: string, { step, interrupted }: Entered): string {
  return `${url}: at the prompt by ${step}${interrupted ? ", the program was stopped for it" : ", nothing was running"}`;
}

function detail(ctx: Context, text: string): void {
  ctx.out.emit({ kind: "log", data: { level: "detail", text } });
}

function warn(ctx: Context, text: string): void {
  ctx.out.emit({ kind: "log", data: { level: "warning", text } });
}
