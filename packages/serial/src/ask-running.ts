import type { Clock, SerialLink } from "@espx/proto";
import { LinkReader } from "./link-reader.ts";
import { parseRunningAnswer, runningQuery } from "./running-state.ts";
import type { RunningAnswer } from "./running-state.ts";
import { ascii, write } from "./wire.ts";

/** How long a framework may take: one turn of its loop, and the time to look at the files of its set. */
const ANSWER_MS = 2_000;

/** A prompt shows the comment that it was given. */
const echoed = />>> ?#espx\? 1/;

/**
 * Asks what runs on a board without stopping it.
 *
 * @returns null when nothing answers: a prompt, or a program that is not espx's
 * @throws LinkError `link/lost`, `serial/timeout`; CanceledError `serial/canceled`
 * @source SPEC.md section 6
 */
export async function askRunning(
  link: SerialLink,
  clock: Clock,
  { timeoutMs = ANSWER_MS, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<RunningAnswer | null> {
  const reader = new LinkReader(link, clock);
  const limit = { untilMs: clock.now() + timeoutMs, signal };
  const decoder = new TextDecoder();
  let line = "";
  try {
    await write({ link, clock, reader }, ascii(runningQuery), limit);
    while (await reader.more(0, limit)) {
      const lines = (line + decoder.decode(reader.drop(), { stream: true })).split(/\r\n|\n|\r/);
      line = lines.pop() as string;
      for (const whole of lines) {
        const answer = parseRunningAnswer(whole);
        if (answer !== null) return answer;
        if (echoed.test(whole)) return null;
      }
    }
    return null;
  } finally {
    reader.release();
  }
}
