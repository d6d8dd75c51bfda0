import { performance } from "node:perf_hooks";
import type { BoardClock } from "./clock.ts";
import type { ControlBlock } from "./control-block.ts";

/** Time as it passes; `beganMs` is when the world began, in ms since 1970 with fractions. */
export class RealClock implements BoardClock {
  readonly #control: ControlBlock;
  readonly #beganMs: number;

  constructor(control: ControlBlock, beganMs: number) {
    this.#control = control;
    this.#beganMs = beganMs;
  }

  nowUs(): number {
    return (performance.timeOrigin + performance.now() - this.#beganMs) * 1000;
  }

  readUs(): number {
    return this.nowUs();
  }

  wait(untilUs: number, seen: number): void {
    this.#control.waitForWake(seen, Math.max(0, (untilUs - this.nowUs()) / 1000));
  }
}
