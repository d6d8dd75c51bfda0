import type { EventData } from "../events.ts";
import { formatProgress } from "./progress.ts";

type Progress = EventData<"progress">;

/** Progress of several boards at once, one line each, redrawn in place. */
export interface BoardLines {
  update(board: string, progress: Progress): void;
  /** Takes a board's line away for good. */
  finish(board: string): void;
  /** Takes all lines off the screen; the next update draws them again. */
  clear(): void;
}

interface Row {
  readonly task: string;
  readonly startMs: number;
  readonly progress: Progress;
}

const REDRAW_MS = 100;
/** Shorter than one board's: the name of its port stands before it. */
const BAR_CELLS = 10;

export function createBoardLines(
  write: (text: string) => void,
  { now, width }: { readonly now: () => number; readonly width: number },
): BoardLines {
  const rows = new Map<string, Row>();
  let drawn = 0;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  const clear = (): void => {
    if (drawn > 0) write(`\u001B[${drawn}A\u001B[0J`);
    drawn = 0;
    drawnAtMs = Number.NEGATIVE_INFINITY;
  };
  const draw = (): void => {
    if (rows.size === 0) return;
    const indent = Math.max(...[...rows.keys()].map((board) => board.length));
    const lines = [...rows].map(([board, { progress, startMs }]) =>
      `${board.padEnd(indent)}  ${formatProgress({ ...progress, path: null }, now() - startMs, BAR_CELLS)}`.slice(
        0,
        width - 1,
      ),
    );
    clear();
    write(`${lines.join("\n")}\n`);
    drawn = lines.length;
    drawnAtMs = now();
  };
  return {
    update(board, progress) {
      const before = rows.get(board);
      const startMs = before?.task === progress.task ? before.startMs : now();
      rows.set(board, { task: progress.task, startMs, progress });
      if (before === undefined || now() - drawnAtMs >= REDRAW_MS) draw();
    },
    finish(board) {
      clear();
      rows.delete(board);
      draw();
    },
    clear,
  };
}
