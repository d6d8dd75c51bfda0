import type { BoardStop } from "../worker/context.ts";
import type { PoweredChip } from "./boot-reason.ts";
import { wokenBy } from "./wake-source.ts";

/** What `machine.wake_reason()` answers after the timer woke the chip. */
const timerWake = 4;

/** Time between falling asleep and waking by a pin that has its level already. */
const fallAsleepUs = 1000;

/** Timers of the host take no more. */
const longestTimerMs = 2 ** 31 - 1;

/** One sleep of a chip, from when it falls asleep to what wakes it: its timer, a pin, or nothing. */
export class DeepSleep {
  /** When it wakes by itself; Infinity when it does not. */
  readonly wakeAtUs: number;
  /** What `machine.wake_reason()` answers then. */
  readonly reason: number;
  readonly #chip: PoweredChip;
  readonly #wakeBy: Extract<BoardStop, { readonly kind: "deep-sleep" }>["wakeBy"];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    chip: PoweredChip,
    atUs: number,
    { wakeAfterMs = Infinity, wakeBy }: Extract<BoardStop, { readonly kind: "deep-sleep" }>,
  ) {
    this.#chip = chip;
    this.#wakeBy = wakeBy;
    const reason = this.pinReason;
    this.reason = reason ?? timerWake;
    this.wakeAtUs = atUs + (reason === undefined ? wakeAfterMs * 1000 : fallAsleepUs);
  }

  /** What the pins have to say at this moment; undefined when they do not wake it. */
  get pinReason(): number | undefined {
    return wokenBy(this.#wakeBy, this.#chip.outsideLevel);
  }

  /** Real time: calls back when the sleep is over. */
  setAlarm(wake: () => void): void {
    if (this.#chip.world.mode === "virtual" || this.wakeAtUs === Infinity) return;
    const leftMs = (this.wakeAtUs - this.#chip.world.nowUs()) / 1000;
    const ring = (): void => (leftMs > longestTimerMs ? this.setAlarm(wake) : wake());
    this.#timer = setTimeout(ring, Math.min(leftMs, longestTimerMs));
  }

  /** The alarm will not ring. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
