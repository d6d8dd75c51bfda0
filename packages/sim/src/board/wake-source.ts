import type { WakeSource } from "../worker/context.ts";

/** Level that something outside drives a pin to; undefined: nothing does. */
export type OutsideLevel = (pin: number) => 0 | 1 | undefined;

/** Which of the pins that a sleeping board listens to wakes it now, as `machine.wake_reason()` tells it; undefined when none does. */
export function wokenBy(sources: readonly WakeSource[], level: OutsideLevel): WakeSource["reason"] | undefined {
  const isMet = ({ pins, high }: WakeSource): boolean =>
    high ? pins.some((pin) => level(pin) === 1) : pins.length > 0 && pins.every((pin) => level(pin) === 0);
  return sources.find(isMet)?.reason;
}
