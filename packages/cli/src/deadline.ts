import { LinkError, UsageError } from "@espx/proto";

/** A signal that aborts when the person cancels or `--timeout` has passed. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Lets the process end without waiting for the timer. */
  clear(): void;
}

export function startDeadline(canceled: AbortSignal, timeoutMs: number | undefined, verb: string): Deadline {
  if (timeoutMs === undefined) return { signal: canceled, clear: () => undefined };
  const abort = new AbortController();
  const error = new LinkError("cli/timed-out", `${verb} was not done after ${timeoutMs / 1000} s`, {
    hint: "give it longer with --timeout SECONDS, or leave --timeout off",
  });
  const timer = setTimeout(() => abort.abort(error), timeoutMs);
  return { signal: AbortSignal.any([canceled, abort.signal]), clear: () => clearTimeout(timer) };
}

/**
 * Reads `--timeout SECONDS`.
 *
 * @throws UsageError `cli/flag-value` for anything but a number above 0 and up to a day
 */
export function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new UsageError("cli/flag-value", `--timeout takes seconds between 0 and 86400, got "${text}"`, {
    hint: "for example --timeout 60",
  });
}
