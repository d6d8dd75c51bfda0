import { VerifyError } from "@espx/proto";
import type { BenchBoard } from "./bench.ts";
import type { Recorder } from "./recorder.ts";
import { formatMs, timeMs, type Time } from "./time.ts";

/** What expectations look at. */
export interface Scene {
  readonly bench: BenchBoard;
  readonly recorder: Recorder;
  /** `Rate` as the whole topic of a value. */
  topic(name: string): string;
  advance(ms: number): Promise<void>;
}

/** Something that is looked at again and again. */
interface Condition {
  readonly expected: string;
  holds(): boolean;
  /** What is there instead. */
  seen(): string;
}

/** A condition is looked at so many times while it is waited for, in virtual time. */
const LOOKS = 1000;
const LOOK_MIN_MS = 10;
const LOOK_MAX_MS = 1000;
const CONSOLE_LINES = 20;

/** Lets virtual time pass until a condition holds, or as long as it does not. */
export class Watch {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** @throws VerifyError `cli/expectation-failed` when it does not come true in time; without a time, when it is not true now */
  async until(within: Time | undefined, condition: Condition): Promise<void> {
    const waitMs = within === undefined ? 0 : timeMs(within);
    const cameTrue = await this.#look(waitMs, () => condition.holds());
    if (cameTrue !== undefined) return;
    throw this.failed(`${condition.expected}${waitMs === 0 ? "" : ` within ${formatMs(waitMs)}`}`, condition.seen());
  }

  /** @throws VerifyError `cli/expectation-failed` when it comes true */
  async never(options: { readonly for: Time }, condition: Condition): Promise<void> {
    const waitMs = timeMs(options.for);
    const afterMs = await this.#look(waitMs, () => condition.holds());
    if (afterMs === undefined) return;
    throw this.failed(
      `${condition.expected} for ${formatMs(waitMs)}`,
      `${condition.seen()} after ${formatMs(afterMs)}`,
    );
  }

  failed(expected: string, seen: string): VerifyError {
    const { bench, recorder } = this.#scene;
    return new VerifyError("cli/expectation-failed", `expected ${expected}; seen: ${seen}`, {
      hint: "mend the profile or the scenario; --verbose shows the whole console",
      details: { expected, seen, console: recorder.lastLines(CONSOLE_LINES), atMs: bench.now() },
    });
  }

  /** After how many ms it holds; undefined when it does not within `waitMs`. */
  async #look(waitMs: number, holds: () => boolean): Promise<number | undefined> {
    const stepMs = Math.min(Math.max(waitMs / LOOKS, LOOK_MIN_MS), LOOK_MAX_MS);
    for (let waitedMs = 0; ; waitedMs = Math.min(waitMs, waitedMs + stepMs)) {
      if (holds()) return waitedMs;
      if (waitedMs >= waitMs) return undefined;
      await this.#scene.advance(Math.min(stepMs, waitMs - waitedMs));
    }
  }
}
