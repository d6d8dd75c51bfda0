import type { EspxEvent } from "../events.ts";
import type { Output, Sinks } from "./output.ts";
import type { Redactor } from "./redactor.ts";

const PROGRESS_INTERVAL_MS = 200;

/** Where and when the events of one run come from. */
export interface JsonOptions {
  readonly verb: string;
  readonly redactor: Redactor;
  readonly nowMs: () => number;
  readonly verbose: boolean;
}

/**
 * Writes events as NDJSON: one object a line, `{v, t, kind, verb, device, code, data}`.
 *
 * Progress is thinned to five a second and board, and always ends with the whole; details come with `--verbose` only.
 * @source docs/events.md
 */
export function createJsonOutput(sinks: Sinks, options: JsonOptions): Output {
  const shownMs = new Map<string, number>();
  const due = (event: EspxEvent): boolean => {
    if (event.kind === "log") return event.data.level !== "detail" || options.verbose;
    if (event.kind !== "progress" || event.data.doneBytes >= event.data.totalBytes) return true;
    const nowMs = options.nowMs();
    const board = event.device ?? "";
    if (nowMs - (shownMs.get(board) ?? Number.NEGATIVE_INFINITY) < PROGRESS_INTERVAL_MS) return false;
    shownMs.set(board, nowMs);
    return true;
  };
  return {
    json: true,
    emit(event) {
      if (due(event)) sinks.stdout(`${options.redactor.text(formatEvent(event, options))}\n`);
    },
    raw: (bytes) => sinks.stdout(bytes),
    settle: () => undefined,
  };
}

function formatEvent(event: EspxEvent, { verb, nowMs }: JsonOptions): string {
  return JSON.stringify({
    v: 1,
    t: new Date(nowMs()).toISOString(),
    kind: event.kind,
    verb,
    device: event.device ?? null,
    code: event.code ?? null,
    data: event.data,
  });
}
