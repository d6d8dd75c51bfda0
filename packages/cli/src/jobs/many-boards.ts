import { isEspxError, PartialError, UsageError, type EspxError } from "@espx/proto";
import type { Context, Terminal } from "../context.ts";
import type { EspxEvent } from "../events.ts";
import type { Output } from "../output/output.ts";
import { errorData, toEspxError } from "../output/error-text.ts";

/** How work on several boards ended. */
export interface ManySummary {
  readonly boards: number;
  readonly done: number;
  readonly failed: number;
}

/** One of several boards: a port, or a device with the port that it has, empty when nothing says where it is. */
export type OneBoard = string | { readonly name: string; readonly port: string };

const nameOf = (board: OneBoard): string => (typeof board === "string" ? board : board.name);
const portOf = (board: OneBoard): string => (typeof board === "string" ? board : board.port);

/**
 * Does the same work on several boards at once. A board that fails is reported and holds no other one up; every event of a board carries
 * its port or the name of its device as `device`, and only one question is asked at a time.
 *
 * @throws PartialError `cli/boards-failed` when some failed; when all failed alike, the error of the first
 */
export async function onManyBoards(
  ctx: Context,
  boards: readonly OneBoard[],
  work: (ctx: Context, name: string) => Promise<unknown>,
): Promise<ManySummary> {
  const terminal = oneAtATime(ctx.terminal);
  const errors = await Promise.all(
    boards.map(async (board): Promise<EspxError | null> => {
      const [name, port] = [nameOf(board), portOf(board)];
      try {
        await work({ ...ctx, terminal, out: outputOf(ctx.out, name) }, name);
        return null;
      } catch (thrown) {
        const error = toEspxError(thrown);
        // What a person called off did not fail.
        if (ctx.signal.aborted) return error;
        ctx.out.emit({ kind: "failed", device: name, code: error.code, data: { name, port, ...errorData(error) } });
        return error;
      }
    }),
  );
  if (ctx.signal.aborted) throw ctx.signal.reason;
  return conclude(ctx, boards, errors);
}

function conclude(ctx: Context, boards: readonly OneBoard[], errors: readonly (EspxError | null)[]): ManySummary {
  const failures = errors.flatMap((error, index) => (error === null ? [] : [{ error, board: boards[index] ?? "" }]));
  const summary = { boards: boards.length, done: boards.length - failures.length, failed: failures.length };
  ctx.out.emit({
    kind: "summary",
    data: {
      ...summary,
      failures: failures.map(({ error, board }) => ({ name: nameOf(board), port: portOf(board), code: error.code })),
    },
  });
  const [first] = failures;
  if (first === undefined) return summary;
  const areAlike = failures.length === boards.length && failures.every(({ error }) => error.code === first.error.code);
  if (areAlike && isEspxError(first.error)) throw first.error;
  const names = failures.map(({ board }) => nameOf(board)).join(", ");
  throw new PartialError("cli/boards-failed", `${failures.length} of ${boards.length} boards failed: ${names}`, {
    hint: "what was wrong with each is said above; the same command for those ports goes on where it stopped",
    details: { ...summary },
  });
}

/** Events of one board, each with its port. */
function outputOf(out: Output, url: string): Output {
  return { ...out, emit: (event) => out.emit(ofBoard(event, url)) };
}

function ofBoard(event: EspxEvent, url: string): EspxEvent {
  const device = event.device ?? url;
  if (event.kind !== "log" || event.data.text.includes(url)) return { ...event, device };
  return { ...event, device, data: { ...event.data, text: `${url}: ${event.data.text}` } };
}

function oneAtATime(terminal: Terminal): Terminal {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    ...terminal,
    ask(question, signal) {
      const answer = turn.then(() => terminal.ask(question, signal));
      turn = answer.catch(() => undefined);
      return answer;
    },
  };
}

/** @throws UsageError `cli/usage` for a port that stands there twice */
export function refuseTwice(urls: readonly string[]): void {
  const twice = urls.find((url, index) => urls.indexOf(url) !== index);
  if (twice === undefined) return;
  throw new UsageError("cli/usage", `${twice} is named twice`, { hint: "name every port once" });
}
