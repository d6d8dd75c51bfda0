import type { PinLevel } from "./recorder.ts";
import { formatMs } from "./time.ts";

/** A pin that rises at a steady distance. */
export interface Pulse {
  readonly pin: number;
  readonly periodMs: number;
  /** 0.1 for ±10 %. */
  readonly tolerance: number;
}

/** So many periods are measured when nobody says how long. */
const PERIODS = 6;

export const pulseWindowMs = ({ periodMs, tolerance }: Pulse): number => PERIODS * periodMs * (1 + tolerance);

export const pulseText = ({ pin, periodMs, tolerance }: Pulse): string =>
  `pin ${pin} rises every ${formatMs(periodMs)} ±${+(tolerance * 100).toFixed(2)} %`;

/** What is wrong with the level changes of a window, or null: a period that does not fit, or too few of them. */
export function pulseFault(
  levels: readonly PinLevel[],
  { periodMs, tolerance }: Pulse,
  windowMs: number,
): string | null {
  const rises = levels.filter(({ value }) => value === 1);
  const periods = rises.slice(1).map(({ atMs }, index) => atMs - (rises[index] as PinLevel).atMs);
  const least = Math.max(1, Math.floor(windowMs / (periodMs * (1 + tolerance))) - 1);
  const fits = (ms: number): boolean => Math.abs(ms - periodMs) <= periodMs * tolerance;
  if (periods.length >= least && periods.every(fits)) return null;
  const edges = `${rises.length} rising edges in ${formatMs(windowMs)}`;
  return periods.length === 0 ? edges : `periods of ${range(periods)} (${edges})`;
}

function range(periods: readonly number[]): string {
  const [least, most] = [Math.round(Math.min(...periods)), Math.round(Math.max(...periods))];
  return least === most ? `${least} ms` : `${least} to ${most} ms`;
}
