import { UsageError, type Signals } from "@espx/proto";

/** One step of a reset: lines that change, the others staying as they are, or a pause in ms. */
export type ResetStep = Partial<Signals> | number;

/** A reset as somebody wrote it down for a board of their own. */
export interface CustomReset {
  readonly text: string;
  readonly steps: readonly ResetStep[];
}

/** One pause, and how many steps there may be: more is a slip of the pen. */
const pauseMaxSeconds = 10;
const stepsMax = 64;

/**
 * Reads a reset sequence: steps with `|` between them, `D1` and `D0` for DTR, `R1` and `R0` for RTS, `U1,0` for both at once (DTR, RTS),
 * `W0.1` for a pause in seconds. 1 is the line asserted, which pulls low what hangs on it. Both lines begin unasserted.
 *
 * @throws UsageError `flash/bad-reset-sequence`
 * @source esptool 5.6, configuration file, custom_reset_sequence
 */
export function parseCustomReset(text: string): CustomReset {
  const words = text.split("|").map((word) => word.trim());
  // A bar at the end is what people leave behind when they take a step away.
  if (words.at(-1) === "") words.pop();
  if (words.length === 0) throw bad(text, "there is no step in it");
  if (words.length > stepsMax) throw bad(text, `there are ${words.length} steps in it, expected ${stepsMax} at most`);
  return { text, steps: words.map((word) => stepOf(word, text)) };
}

function stepOf(word: string, text: string): ResetStep {
  const [, line, value] = /^([DR])([01])$/i.exec(word) ?? [];
  if (line !== undefined) return { [line.toUpperCase() === "D" ? "dtr" : "rts"]: value === "1" };
  const [, dtr, rts] = /^U([01])\s*,\s*([01])$/i.exec(word) ?? [];
  if (dtr !== undefined) return { dtr: dtr === "1", rts: rts === "1" };
  const [, seconds] = /^W(\d+(?:\.\d+)?|\.\d+)$/i.exec(word) ?? [];
  if (seconds === undefined) throw bad(text, `"${word}" is no step`);
  if (Number(seconds) <= pauseMaxSeconds) return Number(seconds) * 1000;
  throw bad(text, `"${word}" waits longer than ${pauseMaxSeconds} seconds`);
}

function bad(text: string, why: string): UsageError {
  return new UsageError("flash/bad-reset-sequence", `"${text}" is no reset sequence: ${why}`, {
    hint: "steps are D0 D1 (DTR), R0 R1 (RTS), U0,1 (both at once) and W0.1 (a pause in seconds), for example D0|R1|W0.1|D1|R0|W0.05|D0",
    details: { text },
  });
}
