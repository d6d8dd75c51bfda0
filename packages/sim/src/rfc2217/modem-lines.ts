import type { Signals } from "@espx/proto";

/**
 * Collects DTR and RTS, which RFC 2217 sets one by one, into the pairs that a board's reset circuit sees.
 *
 * Two lines that a client sets in one go reach the board at once, so a pair never passes through a state that would reset it.
 * A client that sends them apart (pySerial: 50 ms) shows the board both states; how long EN takes to rise decides then.
 */
export class ModemLines {
  readonly #apply: (signals: Signals) => Promise<boolean>;
  #current: Signals = { dtr: false, rts: false };
  #next: { dtr?: boolean; rts?: boolean } = {};

  constructor(apply: (signals: Signals) => Promise<boolean>) {
    this.#apply = apply;
  }

  /** What the lines will be after {@link flush}. */
  get signals(): Signals {
    return { ...this.#current, ...this.#next };
  }

  /** Notes one line; the same line twice without the other makes two steps of it. */
  async set(line: "dtr" | "rts", on: boolean): Promise<void> {
    if (this.#next[line] !== undefined) await this.flush();
    this.#next[line] = on;
  }

  /** Shows the board what was noted since the last time. */
  async flush(): Promise<void> {
    const next = this.signals;
    this.#next = {};
    if (next.dtr === this.#current.dtr && next.rts === this.#current.rts) return;
    this.#current = next;
    await this.#apply(next);
  }
}
