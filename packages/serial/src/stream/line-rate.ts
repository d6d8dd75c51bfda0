import { isEspxError } from "@espx/proto";
import type { Limit } from "../link-reader.ts";
import { timedOut, write } from "../wire.ts";
import type { Wire } from "../wire.ts";
import { PROMPT_BAUD, rateProbe, said } from "./receiver.ts";

/** The receiver sets its rate 30 ms after it says so, and waits 400 ms for the probe. */
const SWITCH_MS = 50;
const ANSWER_MS = 250;
const READY_MS = 5_000;

/**
 * Answers the receiver at each of the rates that it was told to try, until it is ready at one of them.
 *
 * @returns the rate, or undefined where the line stayed at that of the prompt; null when the receiver ended first
 * @throws LinkError `serial/timeout`, `link/lost`, `port/…` for a port that does not take a rate
 */
export async function agreeOnRate(
  wire: Wire,
  rates: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number | undefined | null> {
  const untilMs = wire.clock.now() + READY_MS + rates.length * 1_000;
  for (let next = 0; ;) {
    const byte = await takeByte(wire, { untilMs, signal });
    if (byte === said.ready) return undefined;
    if (byte === said.gone) return null;
    if (byte !== said.rate) continue;
    const rate = rates[next++];
    if (rate !== undefined && (await tryRate(wire, rate, signal))) return rate;
  }
}

async function tryRate(wire: Wire, rate: number, signal: AbortSignal | undefined): Promise<boolean> {
  const { link, clock, reader } = wire;
  const limit = { untilMs: clock.now() + SWITCH_MS + ANSWER_MS, signal };
  try {
    await link.setBaud(rate);
    await clock.sleep(SWITCH_MS, signal);
    reader.drop();
    await write(wire, rateProbe, limit);
    for (;;) if ((await takeByte(wire, limit)) === said.ready) return true;
  } catch (error) {
    await link.setBaud(PROMPT_BAUD);
    if (!isEspxError(error, "serial/timeout")) throw error;
    reader.drop();
    return false;
  }
}

/** The next byte; the one that says that the receiver is gone stays where it is. */
async function takeByte({ reader }: Wire, limit: Limit): Promise<number> {
  while (reader.queue.length === 0) if (!(await reader.more(0, limit))) throw timedOut();
  const [byte = 0] = reader.queue.peek();
  if (byte !== said.gone) reader.queue.take(1);
  return byte;
}
