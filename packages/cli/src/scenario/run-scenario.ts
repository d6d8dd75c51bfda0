import { isEspxError, VerifyError, type EspxError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { toEspxError } from "../output/error-text.ts";
import { errorAt } from "../project/source.ts";
import { installProfile, type Kit } from "./install.ts";
import { parseLines } from "./parse-scenario.ts";
import type { Runnable } from "./runnable.ts";
import { ScenarioBoard } from "./scenario-board.ts";

/** How a scenario ended. */
export interface Outcome {
  readonly data: EventData<"scenario">;
  readonly error: EspxError | undefined;
}

/** Runs one scenario on a fresh board; only cancellation is thrown. */
export async function runScenario(ctx: Context, kit: Kit, runnable: Runnable): Promise<Outcome> {
  const startMs = ctx.clock.now();
  const board = makeBoard(ctx, kit, runnable);
  let error: EspxError | undefined;
  let failure: EventData<"scenario">["failure"] = null;
  try {
    await orAborted(ctx.signal, runnable.run(board));
    if (!board.started) throw notStarted(runnable);
  } catch (thrown) {
    ctx.signal.throwIfAborted();
    error = asFailure(thrown, runnable);
    failure = describeFailure(error, thrown, { board, runnable });
  } finally {
    await board.close().catch(() => undefined);
  }
  const { profile } = kit;
  const durationMs = Math.round(ctx.clock.now() - startMs);
  const data = {
    profile: profile.name,
    name: runnable.name,
    file: runnable.source.file,
    passed: error === undefined,
    virtualMs: Math.round(board.nowMs),
    durationMs,
    failure,
  };
  return { data, error };
}

function makeBoard(ctx: Context, kit: Kit, runnable: Runnable): ScenarioBoard {
  return new ScenarioBoard({
    tools: kit.bench,
    signal: ctx.signal,
    install: (setup) =>
      installProfile(ctx, kit, { setup, origin: { source: runnable.source, lines: runnable.config } }),
    onLine: (line) => ctx.out.emit({ kind: "log", data: { level: "detail", text: `${runnable.name}: ${line}` } }),
    run: async (board, text) => {
      for (const { act } of parseLines({ file: `lines of ${runnable.source.file}`, text }, kit.bench)) await act(board);
    },
  });
}

/** A script that waits for nothing that comes must not outlast Ctrl-C. */
function orAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function notStarted({ source }: Runnable): VerifyError {
  return new VerifyError("cli/expectation-failed", `${source.file} never starts its board`, {
    hint: "await board.start()",
  });
}

/** What a script itself throws is a failure of the scenario: an assertion of its own, or its own mistake. */
function asFailure(thrown: unknown, { source, whereFailed }: Runnable): EspxError {
  if (isEspxError(thrown)) return thrown;
  const place = whereFailed(thrown);
  // A text holds no code of a person: what it throws is a bug of ours.
  if (place === undefined || !(thrown instanceof Error)) return toEspxError(thrown);
  return errorAt(source, place, {
    code: "cli/test-raised",
    message: `${thrown.name}: ${thrown.message}`,
    cause: thrown,
    hint: "mend the line that is shown, or what it tests",
  });
}

interface Where {
  readonly board: ScenarioBoard;
  readonly runnable: Runnable;
}

function describeFailure(
  error: EspxError,
  thrown: unknown,
  { board, runnable }: Where,
): EventData<"scenario">["failure"] {
  const place = runnable.whereFailed(thrown);
  const { expected, seen, console } = error.details;
  return {
    code: error.code,
    message: error.message,
    line: place?.line ?? null,
    statement: place?.text ?? null,
    expected: typeof expected === "string" ? expected : null,
    seen: typeof seen === "string" ? seen : null,
    console: Array.isArray(console) ? (console as string[]) : [...board.lastLines()],
  };
}
