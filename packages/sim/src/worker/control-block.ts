const wordCount = 16;
const timeCount = 4;

/** Bytes of one block; in a world in virtual time many lie side by side in one buffer. */
export const controlBlockBytes = 4 * wordCount + 8 * timeCount;

/** Places of the 32-bit words. */
const word = {
  wake: 0,
  interruptByte: 1,
  powered: 2,
  underWay: 3,
  parkedAt: 4,
  posted: 5,
  spins: 6,
  mail: 7,
  serialBytes: 8,
} as const;

/** Bytes for the console that may wait for a worker which reads no messages: what comes then is lost on the line. */
const serialMaxBytes = 4 * 1024 * 1024;

/** Messages that a worker may have sent and its host not taken: whoever sends without end waits for the host. */
const underWayMax = 4096;

/** Places of the 64-bit times, in µs of the board's clock; the last is a float, the others are whole. */
const time = { horizon: 0, watchdog: 1, due: 2 } as const;

/** Where a block has the word of a board that spins, counted in words. */
export const spinsWord = word.spins;

/** Where a block has the time at which its board is due, counted in times. */
export const dueTime = wordCount / 2 + time.due;

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
  readonly #due: Float64Array;

  /** @param index - which block of the buffer */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(controlBlockBytes), index = 0) {
    this.buffer = buffer;
    const start = index * controlBlockBytes;
    this.#words = new Int32Array(buffer, start, wordCount);
    this.#times = new BigInt64Array(buffer, start + 4 * wordCount, timeCount);
    this.#due = new Float64Array(buffer, start + 4 * wordCount + 8 * time.due, 1);
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

  /** The next message has to wait for the host. */
  get isCrowded(): boolean {
    return Atomics.load(this.#words, word.underWay) >= underWayMax;
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

  /** The host sends bytes for the console; false when too many wait, and they are lost. */
  sendsSerial(count: number): boolean {
    const isTooMuch = Atomics.load(this.#words, word.serialBytes) > serialMaxBytes;
    if (!isTooMuch) Atomics.add(this.#words, word.serialBytes, count);
    return !isTooMuch;
  }

  /** The worker has seen bytes for the console. */
  sawSerial(count: number): void {
    Atomics.sub(this.#words, word.serialBytes, count);
  }

  /** The byte that interrupts Python instead of being read; undefined when none does. */
  get interruptByte(): number | undefined {
    const byte = Atomics.load(this.#words, word.interruptByte);
    return byte === noInterruptByte ? undefined : byte;
  }

  set interruptByte(byte: number | undefined) {
    Atomics.store(this.#words, word.interruptByte, byte ?? noInterruptByte);
  }

  /** Virtual time: the worker waits, and has seen everything that the host did. */
  get isParked(): boolean {
    return Atomics.load(this.#words, word.parkedAt) === this.wakes;
  }

  /** @param seen - how much of the host's doing the worker has seen */
  parkAt(seen: number): void {
    Atomics.store(this.#words, word.parkedAt, seen);
  }

  /** Whoever ran in this block before, a new worker runs in it from now on. */
  restart(): void {
    this.parkAt((this.wakes - 1) | 0);
    this.interruptByte = undefined;
    this.watchdogUs = undefined;
    this.spins = false;
    this.takePosted();
    this.takeMail();
    Atomics.store(this.#words, word.underWay, 0);
    Atomics.store(this.#words, word.serialBytes, 0);
    this.dueUs = Infinity;
  }

  /** Virtual time: when the parked worker wants to run; Infinity when it only waits for the host. */
  get dueUs(): number {
    return this.#due[0] ?? Infinity;
  }

  set dueUs(us: number) {
    this.#due[0] = us;
  }

  /** Virtual time: the worker computes without end, nobody waits for it. */
  get spins(): boolean {
    return Atomics.load(this.#words, word.spins) === 1;
  }

  set spins(spins: boolean) {
    Atomics.store(this.#words, word.spins, spins ? 1 : 0);
  }

  /** The worker has sent something. */
  notePosted(): void {
    Atomics.store(this.#words, word.posted, 1);
  }

  /** Virtual time: the host has sent something. */
  noteMail(): void {
    Atomics.store(this.#words, word.mail, 1);
  }

  /** Virtual time: whether the host has sent something since this was last asked. */
  takeMail(): boolean {
    return Atomics.load(this.#words, word.mail) === 1 && Atomics.exchange(this.#words, word.mail, 0) === 1;
  }

  /** Whether the worker has sent something since this was last asked. */
  takePosted(): boolean {
    return Atomics.exchange(this.#words, word.posted, 0) === 1;
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
