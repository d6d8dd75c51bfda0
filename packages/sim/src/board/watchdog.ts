import type { ControlBlock } from "../worker/control-block.ts";

/** Timers of the host take no more. */
const longestTimerMs = 2 ** 31 - 1;

/** The watchdog in real time: looks at the shared deadline when it is due, so that feeding it costs the host nothing. */
export class Watchdog {
  readonly #bite: () => void;
  readonly #nowUs: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(nowUs: () => number, bite: () => void) {
    this.#nowUs = nowUs;
    this.#bite = bite;
  }

  /** Watches the deadline in `control` from now on, in place of what was watched before. */
  watch(control: ControlBlock): void {
    clearTimeout(this.#timer);
    const { watchdogUs } = control;
    if (watchdogUs === undefined) return;
    const leftMs = (watchdogUs - this.#nowUs()) / 1000;
    if (leftMs <= 0) this.#bite();
    else this.#timer = setTimeout(() => this.watch(control), Math.min(Math.ceil(leftMs), longestTimerMs));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
