import type { BoardClock } from "./clock.ts";
import type { ControlBlock } from "./control-block.ts";
import { host, type Schedule } from "./schedule.ts";

/** What reading the time costs a program, about as on the chip; without it a loop that waits for a time would not end. */
const readCostUs = 20;

/** What a virtual clock tells the outside. */
export interface VirtualClockListener {
  /** The worker is about to rest: what is buffered must be out. */
  resting(): void;
  /** The host is to look: this worker parked, and nobody else runs. */
  bell(): void;
  /** The watchdog ran out; must not return. */
  watchdog(): never;
}

/** Where in the world the clock's board sits. */
export interface Seat {
  readonly schedule: Schedule;
  readonly seat: number;
}

/**
 * Time that stands still while the board computes and jumps when it waits.
 *
 * While the board holds the baton it runs as far as no other board can reach it, then passes the baton on and parks.
 * Without the baton (it boots, or the host has something for it at this moment) it runs up to its own horizon.
 */
export class VirtualClock implements BoardClock {
  readonly #control: ControlBlock;
  readonly #schedule: Schedule;
  readonly #seat: number;
  readonly #listener: VirtualClockListener;
  #nowUs: number;
  #othersUs = 0;
  #holds = false;

  constructor(control: ControlBlock, startUs: number, { schedule, seat }: Seat, listener: VirtualClockListener) {
    this.#control = control;
    this.#schedule = schedule;
    this.#seat = seat;
    this.#nowUs = startUs;
    this.#listener = listener;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  readUs(): number {
    this.#schedule.noteProgress();
    this.#advance(this.#nowUs + readCostUs);
    if (this.#nowUs > this.#limitUs) this.#listener.resting();
    while (this.#nowUs > this.#limitUs) {
      const seen = this.#control.wakes;
      this.#takeBaton();
      if (this.#nowUs > this.#limitUs) this.#park(this.#nowUs, seen);
    }
    return this.#nowUs;
  }

  wait(untilUs: number, seen: number): void {
    this.#schedule.noteProgress();
    const { watchdogUs = Infinity } = this.#control;
    const dueUs = Math.max(this.#nowUs, Math.min(untilUs, watchdogUs));
    this.#takeBaton();
    if (dueUs <= this.#limitUs && !(this.#holds && this.#schedule.hostIsDue)) this.#advance(dueUs);
    else this.#park(dueUs, seen);
  }

  /** Lets the host have its turn at `byUs` at the latest: it has to do something then. */
  hostBy(byUs: number): void {
    if (this.#holds && byUs < this.#schedule.horizonUs) this.#schedule.horizonUs = byUs;
  }

  /** Lets the host have its turn now. */
  rest(): void {
    if (this.#holds) this.#park(this.#nowUs, this.#control.wakes);
  }

  /** Has the host take what was sent, without an end of the turn. */
  callHost(): void {
    this.#listener.bell();
  }

  /** The board does nothing more. */
  end(): void {
    this.#control.dueUs = Infinity;
    this.#schedule.release(this.#seat);
    this.#listener.bell();
  }

  get #limitUs(): number {
    // A board that was taken to compute without end has lost the baton.
    if (this.#holds) this.#holds = this.#schedule.holder === this.#seat;
    return this.#holds ? Math.min(this.#schedule.horizonUs, this.#othersUs) : this.#control.horizonUs;
  }

  /** The baton may have come while the board ran without it. */
  #takeBaton(): void {
    if (this.#holds || this.#schedule.holder !== this.#seat) return;
    this.#holds = true;
    this.#othersUs = this.#schedule.limitUs(this.#seat);
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

  #park(dueUs: number, seen: number): void {
    if (this.#control.wakes !== seen) return;
    this.#control.dueUs = dueUs;
    this.#control.parkAt(seen);
    const next = this.#holds ? this.#schedule.pass(this.#seat) : undefined;
    if (next === undefined || next === host) this.#listener.bell();
    if (next === this.#seat) this.#control.parkAt((seen - 1) | 0);
    else while (this.#control.wakes === seen) this.#control.waitForWake(seen, Infinity);
    this.#holds = false;
    this.#takeBaton();
    this.#advance(Math.max(this.#nowUs, Math.min(dueUs, this.#control.dueUs)));
  }
}
