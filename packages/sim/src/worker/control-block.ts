const wordCount = 8;
const timeCount = 4;

/** Places of the 32-bit words. */
const word = { wake: 0, interruptByte: 1, powered: 2, underWay: 3 } as const;

/** Messages that a worker may have sent and its host not taken: whoever sends without end waits for the host. */
const underWayMax = 4096;

/** Places of the 64-bit times, in µs of the board's clock. */
const time = { horizon: 0, watchdog: 1 } as const;

const noInterruptByte = -1;
const notArmed = 0n;

/**
 * The few words that a board's host and worker share, since the worker reads no messages while Python runs.
 *
 * The wake word counts what the host did: whoever waits, waits for it to change, and looks at its value again
 * after each wake-up, since a notification may arrive late and hit the next wait.
 */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: BigInt64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(4 * wordCount + 8 * timeCount)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, wordCount);
    this.#times = new BigInt64Array(buffer, 4 * wordCount, timeCount);
  }

  /** How often the host woke the worker; wraps. */
  get wakes(): number {
    return Atomics.load(this.#words, word.wake);
  }

  /** Wakes the worker; answers the new count. */
  wake(): number {
    const wakes = (Atomics.add(this.#words, word.wake, 1) + 1) | 0;
    Atomics.notify(this.#words, word.wake);
    return wakes;
  }

  /** Blocks until the count differs from `seen` or `timeoutMs` passed. */
  waitForWake(seen: number, timeoutMs: number): void {
    Atomics.wait(this.#words, word.wake, seen, timeoutMs);
  }

  /** Counts a message to the host; blocks while too many are under way. */
  waitForHost(): void {
    let count = Atomics.load(this.#words, word.underWay);
    for (; count >= underWayMax; count = Atomics.load(this.#words, word.underWay))
      Atomics.wait(this.#words, word.underWay, count);
    Atomics.add(this.#words, word.underWay, 1);
  }

  /** The host took a message. */
  taken(): void {
    Atomics.sub(this.#words, word.underWay, 1);
    Atomics.notify(this.#words, word.underWay);
  }

  /** The byte that interrupts Python instead of being read; undefined when none does. */
  get interruptByte(): number | undefined {
    const byte = Atomics.load(this.#words, word.interruptByte);
    return byte === noInterruptByte ? undefined : byte;
  }

  set interruptByte(byte: number | undefined) {
    Atomics.store(this.#words, word.interruptByte, byte ?? noInterruptByte);
  }

  /** Virtual time up to which the worker may run. */
  get horizonUs(): number {
    return Number(Atomics.load(this.#times, time.horizon));
  }

  set horizonUs(us: number) {
    Atomics.store(this.#times, time.horizon, BigInt(Math.round(us)));
  }

  /** When the watchdog resets the board; undefined while it is not armed. */
  get watchdogUs(): number | undefined {
    const us = Atomics.load(this.#times, time.watchdog);
    return us === notArmed ? undefined : Number(us);
  }

  set watchdogUs(us: number | undefined) {
    Atomics.store(this.#times, time.watchdog, us === undefined ? notArmed : BigInt(Math.round(us)));
  }

  /** Blocks for ever: the host ends the worker. */
  halt(): never {
    for (;;) Atomics.wait(this.#words, word.powered, 0);
  }
}
