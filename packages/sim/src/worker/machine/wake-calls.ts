import { errno } from "../../vm/errno.ts";
import type { HostCalls, WakeSource } from "../context.ts";

/** Pins that the part of the chip which stays awake can see. @source ESP32 technical reference manual, RTC_MUX pin list */
const wakingPins = new Set([0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39]);

const reasons: readonly number[] = [2, 3] satisfies readonly WakeSource["reason"][];

/** Pins that wake the chip from deep sleep, by the number of their reason. */
export class WakePins {
  readonly #sources = new Map<number, WakeSource>();

  get sources(): readonly WakeSource[] {
    return [...this.#sources.values()];
  }

  readonly calls: HostCalls = {
    /** `pins`: numbers with commas between, none to call it off. */
    machine_wake_pins: (reason: number, pins: string, high: boolean) => {
      const numbers = String(pins)
        .split(",")
        .filter((text) => text !== "")
        .map(Number);
      if (!reasons.includes(reason) || !numbers.every((pin) => wakingPins.has(pin))) return -errno.EINVAL;
      this.#sources.delete(reason);
      if (numbers.length > 0)
        this.#sources.set(reason, { reason: reason as 2 | 3, pins: numbers, high: high === true });
      return 0;
    },
  };
}
