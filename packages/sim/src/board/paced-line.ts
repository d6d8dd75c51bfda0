import type { Clock } from "@espx/proto";

/** How far ahead of their time bytes are handed over together, in ms. */
const pieceMs = 4;

/** Bits of a byte on the line: start, eight of data, stop. */
const frameBits = 10;

/** One direction of a serial line, which takes its time over every byte. */
export class PacedLine {
  readonly #clock: Clock;
  readonly #deliver: (bytes: Uint8Array) => void;
  /** Bits a second; undefined: no time at all. */
  baudRate: number | undefined;
  #queue: Uint8Array[] = [];
  #waitingBytes = 0;
  /** When the last byte that was handed over had arrived. */
  #freeAtMs = 0;
  #isPumping = false;
  #pumped: Promise<void> = Promise.resolve();

  constructor(clock: Clock, deliver: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** Bytes that have not arrived. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.baudRate === undefined && !this.#isPumping) return this.#deliver(bytes);
    this.#queue.push(bytes);
    this.#waitingBytes += bytes.length;
    // It may be done before it returns: a short piece can be due at once.
    if (!this.#isPumping) this.#pumped = this.#pump();
  }

  /** Resolves when all bytes have arrived. */
  async drained(): Promise<void> {
    await this.#pumped;
  }

  /** Forgets what has not arrived. */
  clear(): void {
    this.#queue = [];
    this.#waitingBytes = 0;
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#clock.now());
    for (;;) {
      const head = this.#queue[0];
      if (head === undefined) break;
      const bytesPerMs = (this.baudRate ?? Infinity) / frameBits / 1000;
      const piece = head.subarray(0, Math.max(1, Math.floor(bytesPerMs * pieceMs)));
      this.#freeAtMs += piece.length / bytesPerMs;
      const waitMs = this.#freeAtMs - this.#clock.now();
      if (waitMs > 0) await this.#clock.sleep(waitMs);
      if (this.#queue[0] !== head) continue;
      if (piece.length === head.length) this.#queue.shift();
      else this.#queue[0] = head.subarray(piece.length);
      this.#waitingBytes -= piece.length;
      this.#deliver(piece);
    }
    this.#isPumping = false;
  }
}
