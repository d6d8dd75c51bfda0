import { UsageError } from "@espx/proto";

/** A time: milliseconds, or a text with its unit, such as `10 s`. */
export type Time = number | string;

const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

export const timeUnits = ["ms", "s", "min", "h", "d"] as const;

export const timeExamples = "such as 500 ms, 10 s, 5 min, 2 h or 1 d";

/** A time as a person writes it, in milliseconds: `10 s`, `1.5h`; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim());
  const factor = MS_PER[match?.[2] ?? ""];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

/**
 * @throws UsageError `cli/board-time`
 */
export function timeMs(time: Time): number {
  const ms = typeof time === "number" ? time : parseTime(time);
  if (ms !== undefined && ms >= 0) return ms;
  throw new UsageError("cli/board-time", `expected a time in milliseconds or a text ${timeExamples}, got "${time}"`, {
    hint: "write a number of milliseconds, or quote a number with its unit",
  });
}

/** Milliseconds for a person: `2 s`, `250 ms`. */
export const formatMs = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${+ms.toFixed(3)} ms`);
