import { ByteQueue } from "../byte-queue.ts";

/** Size of the ring in the chip's memory; one byte of it tells full from empty. @source MicroPython 1.27, ports/esp32/mphalport.c */
const ringBytes = 260;

/** Most bytes that wait in the ring. */
export const ringCapacityBytes = ringBytes - 1;

/** How long bytes for a program that is about to read wait on the line at least, in ms: as long as a machine may stall. */
const readerPatienceMs = 500;

/** Most bytes that the line holds back for a board that reads, however patient it is. */
const lineMaxBytes = 4 * 1024 * 1024;

/** How bytes come to the board. */
export interface Arrival {
  /** The board's time, in ms. */
  readonly atMs: number;
  /**
   * How long the line holds bytes back that find no room, counted from the last byte that the board took: 0 for a line with a clock of
   * its own, Infinity where the sender waits.
   */
  readonly patienceMs: number;
}

/**
 * Bytes that arrived on the console and wait to be read: up to {@link ringCapacityBytes} in the ring, the others on the line until its
 * patience ends. What is on the line then is lost, as is what comes while the ring is full and no program waits for input.
 */
export class SerialInput {
  readonly #nowMs: () => number;
  /** In the ring, and then on the line. */
  readonly #bytes = new ByteQueue();
  #lostBytes = 0;
  #takenBytes = 0;
  /** A sender waits to hear what was taken. */
  #counted = false;
  #watched = false;
  #patienceMs = 0;
  #lineEndsMs = Infinity;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** What a program may read at this moment. */
  get lengthBytes(): number {
    this.#settle();
    return Math.min(this.#bytes.lengthBytes, ringCapacityBytes);
  }

  /** A program waits for bytes, until {@link unwatch}: then they do not pile up. */
  watch(): void {
    this.#watched = true;
  }

  unwatch(): void {
    this.#watched = false;
  }

  /** @param skipped - bytes that came along and are not for the program to read */
  push(bytes: Uint8Array, { atMs, patienceMs }: Arrival, skipped = 0): void {
    this.#settle(atMs);
    this.#takenBytes += skipped;
    this.#counted ||= patienceMs === Infinity;
    if (bytes.length === 0) return;
    const fromMs = this.#watched ? Math.max(atMs, this.#nowMs()) : atMs;
    this.#patienceMs = this.#watched ? Math.max(patienceMs, readerPatienceMs) : patienceMs;
    this.#bytes.push(bytes);
    this.#lineEndsMs = fromMs + this.#patienceMs;
    if (this.#patienceMs === 0) this.#lose(bytes.length);
    else this.#lose(this.#bytes.lengthBytes - lineMaxBytes);
  }

  /** Moves bytes into `target` as far as there are any; answers how many. */
  read(target: Uint8Array): number {
    this.#settle();
    const count = this.#bytes.read(target);
    this.#takenBytes += count;
    if (count > 0) this.#lineEndsMs = this.#nowMs() + this.#patienceMs;
    return count;
  }

  /** The next byte, undefined when there is none. */
  shift(): number | undefined {
    const byte = new Uint8Array(1);
    return this.read(byte) === 1 ? byte[0] : undefined;
  }

  /** How many bytes left the line since the last call, read and lost; undefined when there is nobody to tell. */
  takeCounts(): { readonly taken: number; readonly lost: number } | undefined {
    const counts = { taken: this.#takenBytes, lost: this.#lostBytes };
    if (counts.lost === 0 && (counts.taken === 0 || !this.#counted)) return undefined;
    this.#takenBytes = 0;
    this.#lostBytes = 0;
    return counts;
  }

  #settle(nowMs = this.#nowMs()): void {
    if (this.#bytes.lengthBytes > ringCapacityBytes && nowMs > this.#lineEndsMs) this.#lose();
  }

  /** Cuts what does not fit off the end. */
  #lose(mostBytes = Infinity): void {
    const over = Math.min(mostBytes, this.#bytes.lengthBytes - ringCapacityBytes);
    if (over <= 0) return;
    this.#lostBytes += over;
    this.#bytes.dropLast(over);
  }
}
