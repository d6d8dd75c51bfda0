import { CanceledError, isEspxError, LinkError } from "@espx/proto";
import type { Clock, SerialLink } from "@espx/proto";
import { ByteQueue } from "./byte-queue.ts";

/** When to stop waiting: a time on the clock, and a caller's wish to stop. */
export interface Limit {
  /** Milliseconds of the link's clock; Infinity waits for ever. */
  readonly untilMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How much of what came in is kept for error messages. */
const HISTORY_BYTES = 2048;

/** What a link delivers, for one reader that pulls. */
export class LinkReader {
  readonly queue = new ByteQueue();
  readonly #clock: Clock;
  readonly #url: string;
  readonly #unlisten: () => void;
  #history = new Uint8Array();
  #received = 0;
  #end: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor(link: SerialLink, clock: Clock) {
    this.#clock = clock;
    this.#url = link.url;
    this.#unlisten = link.listen({
      chunk: (bytes) => this.#arrive(bytes),
      closed: (error) => this.#close(error),
    });
  }

  /** Bytes since the beginning. */
  get receivedBytes(): number {
    return this.#received;
  }

  /** The last of what came in since {@link forget}. */
  get history(): Uint8Array {
    return this.#history;
  }

  forget(): void {
    this.#history = new Uint8Array();
  }

  /** Takes everything that is there. */
  drop(): Uint8Array {
    return this.queue.take(this.queue.length);
  }

  release(): void {
    this.#unlisten();
  }

  /**
   * Waits for bytes beyond the `known` that the caller has looked at.
   *
   * @returns false when the time is up
   * @throws LinkError `link/lost`; CanceledError `serial/canceled`, or whatever the signal was aborted with
   */
  async more(known: number, limit: Limit): Promise<boolean> {
    for (;;) {
      if (limit.signal?.aborted) throw cancellation(limit.signal);
      if (this.queue.length > known) return true;
      if (this.#end !== undefined) throw this.#lost();
      if (this.#clock.now() >= limit.untilMs) return false;
      await this.#change(limit);
    }
  }

  /** Resolves at the next chunk, at the end of the link, of the time, or when called off. */
  async #change({ untilMs, signal }: Limit): Promise<void> {
    const timer = new AbortController();
    const stop = (): void => timer.abort();
    signal?.addEventListener("abort", stop);
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer.signal.addEventListener("abort", () => resolve());
    });
    try {
      const leftMs = untilMs - this.#clock.now();
      await (leftMs === Infinity
        ? woken
        : Promise.race([woken, this.#clock.sleep(leftMs, timer.signal).catch(() => {})]));
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#wake = undefined;
      timer.abort();
    }
  }

  #arrive(bytes: Uint8Array): void {
    this.queue.push(bytes);
    this.#received += bytes.length;
    const joined = new Uint8Array(this.#history.length + bytes.length);
    joined.set(this.#history);
    joined.set(bytes, this.#history.length);
    this.#history = joined.slice(-HISTORY_BYTES);
    this.#wake?.();
  }

  #close(error: Error | undefined): void {
    this.#end = { error };
    this.#wake?.();
  }

  #lost(): Error {
    const error = this.#end?.error;
    if (isEspxError(error)) return error;
    const why = error?.message ?? "it was closed";
    return new LinkError("link/lost", `${this.#url} was lost: ${why}`, {
      hint: "is the board still plugged in?",
      cause: error,
    });
  }
}

/** What to throw when `signal` has been aborted. */
export function cancellation(signal: AbortSignal): Error {
  if (isEspxError(signal.reason)) return signal.reason;
  return new CanceledError("serial/canceled", "work on the board was called off", { cause: signal.reason });
}
