import type { Signals } from "@espx/proto";

/** How long EN takes to rise on the way to a state that a client only passes through. */
const enRiseMs = 100;

/**
 * Collects DTR and RTS, which RFC 2217 sets one by one, into the pairs that a board's reset circuit sees.
 *
 * Two lines that a client sets in one go reach the board at once, so a pair never passes through a state that would reset it.
 * A client that sends them apart (pySerial: 50 ms or more) lets EN go by asserting DTR beside RTS, and pulls the boot pin low by
 * the command after it. As the capacitor at EN does on real boards, this holds EN's rise until that command comes, for at
 * most 100 ms.
 */
export class ModemLines {
  readonly #apply: (signals: Signals) => Promise<boolean>;
  #current: Signals = { dtr: false, rts: false };
  #next: { dtr?: boolean; rts?: boolean } = {};
  #rising: NodeJS.Timeout | undefined;
  /** Lines that the board is still to see when EN has risen. */
  #held: Signals | undefined;

  constructor(apply: (signals: Signals) => Promise<boolean>) {
    this.#apply = apply;
  }

  /** What the lines will be after {@link flush}. */
  get signals(): Signals {
    return { ...(this.#held ?? this.#current), ...this.#next };
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
    if (isEnLow(this.#current) && next.dtr && next.rts) return this.#hold(next);
    this.close();
    if (next.dtr === this.#current.dtr && next.rts === this.#current.rts) return;
    this.#current = next;
    await this.#apply(next);
  }

  /** Forgets what is held back: the client is gone, or the lines moved on. */
  close(): void {
    clearTimeout(this.#rising);
    this.#held = undefined;
  }

  #hold(next: Signals): void {
    if (this.#held !== undefined) return;
    this.#held = next;
    this.#rising = setTimeout(() => {
      this.#held = undefined;
      this.#current = next;
      void this.#apply(next).catch(() => {});
    }, enRiseMs);
  }
}

function isEnLow({ dtr, rts }: Signals): boolean {
  return rts && !dtr;
}
