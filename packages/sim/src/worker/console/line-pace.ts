import type { BoardClock } from "../clock.ts";
import type { ControlBlock } from "../control-block.ts";

/** Ten bits a byte at 921600 baud. */
const usPerByte = 10.85;

/** What may be on its way before who prints has to wait. */
const bufferedBytes = 64 * 1024;

/**
 * The speed of the console's line behind a large buffer: no ordinary program waits for it, but time passes for one
 * that prints without end, and the host is not drowned.
 */
export class LinePace {
  readonly #clock: BoardClock;
  readonly #control: ControlBlock;
  #freeUs = 0;

  constructor(clock: BoardClock, control: ControlBlock) {
    this.#clock = clock;
    this.#control = control;
  }

  /** So many bytes were printed. */
  add(lengthBytes: number): void {
    this.#freeUs = Math.max(this.#freeUs, this.#clock.nowUs()) + lengthBytes * usPerByte;
  }

  /** Blocks until the buffer has room. */
  wait(): void {
    const untilUs = this.#freeUs - bufferedBytes * usPerByte;
    while (this.#clock.nowUs() < untilUs) this.#clock.wait(untilUs, this.#control.wakes);
  }
}
