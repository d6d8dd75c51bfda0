import { LinkError } from "@espx/proto";
import type { Clock, SerialLink } from "@espx/proto";
import { cancellation } from "./link-reader.ts";
import type { Limit, LinkReader } from "./link-reader.ts";

/** One link with its reader and its time. */
export interface Wire {
  readonly link: SerialLink;
  readonly clock: Clock;
  readonly reader: LinkReader;
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * Writes within a limit: a link whose other end takes nothing never resolves.
 *
 * @throws LinkError `serial/timeout`, `link/lost`; CanceledError `serial/canceled`
 */
export async function write({ link, clock }: Wire, bytes: Uint8Array, { untilMs, signal }: Limit): Promise<void> {
  if (signal?.aborted) throw cancellation(signal);
  const timer = new AbortController();
  const stop = (): void => timer.abort();
  signal?.addEventListener("abort", stop);
  const late = clock.sleep(Math.min(untilMs - clock.now(), 0x7fffffff), timer.signal).then(
    () => "late" as const,
    () => "stopped" as const,
  );
  try {
    const end = await Promise.race([link.write(bytes).then(() => "written" as const), late]);
    if (end === "late") throw timedOut();
    if (end === "stopped" && signal?.aborted) throw cancellation(signal);
  } finally {
    signal?.removeEventListener("abort", stop);
    timer.abort();
  }
}

/** @throws LinkError `serial/timeout`, `link/lost`; CanceledError `serial/canceled` */
export async function takeBytes({ reader }: Wire, count: number, limit: Limit): Promise<Uint8Array> {
  while (reader.queue.length < count) {
    if (!(await reader.more(reader.queue.length, limit))) throw timedOut();
  }
  return reader.queue.take(count);
}

/**
 * Takes everything up to the end of `pattern`.
 *
 * @returns false when the time is up first
 * @throws LinkError `link/lost`; CanceledError `serial/canceled`
 */
export async function skipPast({ reader }: Wire, pattern: Uint8Array, limit: Limit): Promise<boolean> {
  for (;;) {
    const at = reader.queue.indexOf(pattern);
    if (at >= 0) {
      reader.queue.take(at + pattern.length);
      return true;
    }
    if (!(await reader.more(reader.queue.length, limit))) return false;
  }
}

export function timedOut(): LinkError {
  return new LinkError("serial/timeout", "the board did not answer in time", {
    hint: "is it still running? Press its reset button and try again",
  });
}
