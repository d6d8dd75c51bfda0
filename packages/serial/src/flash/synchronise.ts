import { decodeLoaderReply, loaderCommand } from "@espx/proto";
import type { SerialLink } from "@espx/proto";
import { connectFailure } from "./connect-failure.ts";
import type { LoaderPort } from "./loader-port.ts";
import { performReset, type ResetChoice, resetOrder, resetSteps, type ResetStrategy } from "./reset-sequences.ts";

/** What is done to a board before it is talked to. */
export type BeforeMode = "default-reset" | "usb-reset" | "no-reset";

export interface SynchroniseOptions {
  /** `custom` is the sequence of `reset` alone. */
  readonly before: BeforeMode | "custom";
  readonly reset?: ResetChoice | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Tells which strategy is tried next. */
  readonly onAttempt?: (attempt: number, strategy: ResetStrategy | undefined) => void;
}

/** Who answered, and what brought it to. */
export interface Synchronised {
  /** A flasher stub runs already. */
  readonly isStub: boolean;
  /** Undefined when the board was not reset. */
  readonly strategy: ResetStrategy | undefined;
  readonly canReset: boolean;
}

/** How often the strategies are gone through, and how often a chip is called after each. */
const rounds = 2;
const callsPerReset = 5;
const callMs = 100;
/** Calls where nothing resets the board: a person may just be letting BOOT go. */
const callsWithoutReset = 15;

const syncData = Uint8Array.from([0x07, 0x07, 0x12, 0x20, ...Array.from({ length: 32 }, () => 0x55)]);

/**
 * Finds a loader on the line: the chip is reset in every way that adapters know, and called after each.
 *
 * @throws LinkError `flash/nothing-received`, `flash/not-download-mode`, `flash/no-sync`, `flash/noise`, `link/lost`;
 *   CanceledError `serial/canceled`
 */
export async function synchronise(port: LoaderPort, options: SynchroniseOptions): Promise<Synchronised> {
  const { link, clock, reader } = port;
  const startBytes = reader.receivedBytes;
  reader.forget();
  let canReset = options.before !== "no-reset";
  for (const [attempt, strategy] of attempts(link, options)) {
    if (!canReset) break;
    options.onAttempt?.(attempt, strategy);
    port.flush();
    canReset = await performReset(link, clock, { steps: resetSteps(strategy, options.reset), signal: options.signal });
    const answer = canReset ? await call(port, callsPerReset, options.signal) : undefined;
    if (answer !== undefined) return { ...answer, strategy, canReset };
  }
  if (!canReset) {
    options.onAttempt?.(1, undefined);
    const answer = await call(port, callsWithoutReset, options.signal);
    if (answer !== undefined) return { ...answer, strategy: undefined, canReset: await hasModemLines(link) };
  }
  throw connectFailure({
    url: link.url,
    received: reader.history,
    receivedBytes: reader.receivedBytes - startBytes,
    canReset,
  });
}

/** Calls whatever listens, without touching its modem lines; undefined when nobody answers. */
export async function call(
  port: LoaderPort,
  calls: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly isStub: boolean } | undefined> {
  for (let left = calls; left > 0; left--) {
    // Not dropped from the history: what a chip prints while it is called tells why it does not answer.
    await port.send(loaderCommand.sync, syncData, { ...(signal && { signal }) });
    const value = await answerToSync(port, signal);
    if (value === undefined) continue;
    // The ROM answers each call eight times.
    await port.settle(20, signal);
    return { isStub: value === 0 };
  }
  return undefined;
}

async function answerToSync(port: LoaderPort, signal: AbortSignal | undefined): Promise<number | undefined> {
  const untilMs = port.clock.now() + callMs;
  for (;;) {
    const packet = await port.packet(untilMs - port.clock.now(), signal);
    if (packet === undefined) return undefined;
    const reply = decodeLoaderReply(packet);
    if (reply?.op === loaderCommand.sync && reply.body[0] === 0) return reply.value;
  }
}

function* attempts(link: SerialLink, options: SynchroniseOptions): Generator<readonly [number, ResetStrategy]> {
  const order = orderOf(link, options);
  let attempt = 0;
  for (let round = 0; round < rounds; round++) for (const strategy of order) yield [++attempt, strategy];
}

function orderOf(link: SerialLink, { before, reset }: SynchroniseOptions): readonly ResetStrategy[] {
  if (before === "usb-reset") return ["usb-jtag"];
  return before === "custom" ? ["custom"] : resetOrder(link, reset);
}

/** Whether the lines can be set, without moving them from where they rest. */
async function hasModemLines(link: SerialLink): Promise<boolean> {
  return link.setSignals({ dtr: link.traits.kind === "usb-jtag" || link.traits.kind === "cdc", rts: false });
}
