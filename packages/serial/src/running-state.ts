import type { RunningState } from "@espx/proto";

/** What a running framework answers, with what later versions may add. */
export type RunningAnswer = RunningState & {
  /** First 8 digits of the SHA-256 of the config in use; null for `/config.txt`; undefined when not told. */
  readonly config: string | null | undefined;
};

/** The line that asks a running framework about itself; a comment at a prompt. */
export const runningQuery = "\r#espx? 1\r";

/**
 * The answer in one line of console output, or null when there is none: anything may stand on a console.
 *
 * @source SPEC.md section 6
 */
export function parseRunningAnswer(line: string): RunningAnswer | null {
  const match = /#espx! 1 (\{.*\})\s*$/.exec(line);
  if (match === null) return null;
  const value = parseJson(match[1] as string);
  if (typeof value !== "object" || value === null) return null;
  const { release, slot, state, waiting, config, id, digest } = value as Record<string, unknown>;
  if (slot !== "a" && slot !== "b") return null;
  if (state !== "trial" && state !== "confirmed" && state !== "dev") return null;
  if (!Array.isArray(waiting) || !waiting.every((name) => typeof name === "string")) return null;
  if (config !== undefined && config !== null && typeof config !== "string") return null;
  return {
    release: typeof release === "string" ? release : "",
    slot,
    state,
    waitingFor: waiting as string[],
    config,
    ...(typeof id === "string" && /^[0-9a-f]{12}$/.test(id) ? { id } : {}),
    ...(typeof digest === "string" && /^[0-9a-f]{16}$/.test(digest) ? { digest } : {}),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
