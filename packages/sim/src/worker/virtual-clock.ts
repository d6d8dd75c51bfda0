import type { BoardClock } from "./clock.ts";
import type { ControlBlock } from "./control-block.ts";

/** What reading the time costs a program, about as on the chip; without it a loop that waits for a time would not end. */
const readCostUs = 20;

/** What a virtual clock tells the outside. */
export interface VirtualClockListener {
  /** All is done up to the horizon; `wakes` is how much of the host's doing was seen. */
  parked(wakes: number): void;
  /** The watchdog ran out; must not return. */
  watchdog(): never;
}

/**
 * Time that stands still while the board computes and jumps when it waits, but never past the horizon that the host
 * granted: there the worker parks until the host grants more or sends something.
 */
export class VirtualClock implements BoardClock {
  readonly #control: ControlBlock;
  readonly #listener: VirtualClockListener;
  #nowUs: number;

  constructor(control: ControlBlock, startUs: number, listener: VirtualClockListener) {
    this.#control = control;
    this.#nowUs = startUs;
    this.#listener = listener;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  readUs(): number {
    this.#advance(this.#nowUs + readCostUs);
    while (this.#nowUs > this.#control.horizonUs) this.#park(this.#control.wakes);
    return this.#nowUs;
  }

  wait(untilUs: number, seen: number): void {
    const { horizonUs } = this.#control;
    this.#advance(Math.max(this.#nowUs, Math.min(untilUs, horizonUs)));
    if (untilUs > horizonUs) this.#park(seen);
  }

  #advance(toUs: number): void {
    const { watchdogUs } = this.#control;
    if (watchdogUs === undefined || toUs < watchdogUs) {
      this.#nowUs = toUs;
      return;
    }
    this.#nowUs = Math.max(this.#nowUs, watchdogUs);
    this.#listener.watchdog();
  }

  #park(seen: number): void {
    this.#listener.parked(seen);
    while (this.#control.wakes === seen) this.#control.waitForWake(seen, Infinity);
  }
}
