import type { SerialLink } from "@espx/proto";

/** How long a board may say nothing while it is left, once the run was called off, and how long that may take in all. */
const SILENCE_MS = 1_000;
const TOTAL_MS = 4_000;

/** A limit on the time that a board gets after Ctrl-C, or the end of `--timeout`; without these there is none. */
export interface Patience {
  /** Aborts when a called-off run has heard nothing for a second, or has not left the board after four. */
  readonly signal: AbortSignal;
  /** Lets the process end without waiting for the timers. */
  end(): void;
}

/** Begins to listen at once: what counts is the silence since the run was called off, not since somebody took notice of that. */
export function startPatience(link: SerialLink, canceled: AbortSignal): Patience {
  const over = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const begin = (): void => {
    for (const ms of [SILENCE_MS, TOTAL_MS]) timers.push(setTimeout(() => over.abort(), ms));
  };
  const unlisten = link.listen({ chunk: () => void timers[0]?.refresh(), closed: () => {} });
  if (canceled.aborted) begin();
  else canceled.addEventListener("abort", begin, { once: true });
  return {
    signal: over.signal,
    end() {
      canceled.removeEventListener("abort", begin);
      unlisten();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
