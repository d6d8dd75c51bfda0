import type { BoardClock } from "../clock.ts";
import type { ControlBlock } from "../control-block.ts";

/** Start bit, eight of data, stop bit. */
const frameBits = 10;

/** The rate that counts where nobody sees the line's pace, and what may be on its way there before who prints has to wait. */
const unseen = { baudRate: 921_600, bufferedBytes: 64 * 1024 } as const;

/** What the UART holds itself while bytes leave at a pace that somebody sees. */
const hardwareBytes = 128;

/**
 * The speed of the console's line. Where a client sees it, a program waits for the line as on the chip; elsewhere there is a large
 * buffer: no ordinary program waits for it, but time passes for one that prints without end, and the host is not drowned.
 */
export class LinePace {
  readonly #clock: BoardClock;
  readonly #control: ControlBlock;
  #byteUs = 0;
  #bufferedBytes = 0;
  #freeUs = 0;

  constructor(clock: BoardClock, control: ControlBlock) {
    this.#clock = clock;
    this.#control = control;
    this.setBaud(undefined);
  }

  /** Bits a second; undefined where nobody sees the pace. */
  setBaud(baudRate: number | undefined): void {
    this.#byteUs = (frameBits * 1_000_000) / (baudRate ?? unseen.baudRate);
    this.#bufferedBytes = baudRate === undefined ? unseen.bufferedBytes : hardwareBytes;
  }

  /** So many bytes were printed. */
  add(lengthBytes: number): void {
    this.#freeUs = Math.max(this.#freeUs, this.#clock.nowUs()) + lengthBytes * this.#byteUs;
  }

  /** Blocks until the buffer has room. */
  wait(): void {
    const untilUs = this.#freeUs - this.#bufferedBytes * this.#byteUs;
    while (this.#clock.nowUs() < untilUs) this.#clock.wait(untilUs, this.#control.wakes);
  }
}
