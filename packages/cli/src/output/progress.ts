import type { EventData } from "../events.ts";
import { formatBytes, formatDuration } from "./sizes.ts";

type Progress = EventData<"progress">;

/** A spinner with a changing text, as ora makes it. */
export interface Spinner {
  text: string;
  start(): unknown;
  stop(): unknown;
  stopAndPersist(options: { readonly symbol: string; readonly text: string }): unknown;
}

/** A bar on the terminal: one task at a time, with bytes, rate and the time that is left. */
export interface ProgressBar {
  update(progress: Progress): void;
  /** Takes the bar off the screen. */
  clear(): void;
}

const BAR_CELLS = 24;
/** A rate from less than this is a guess and is not shown. */
const MIN_ELAPSED_MS = 300;

export function createProgressBar(spinner: Spinner, now: () => number, width: number): ProgressBar {
  let task: string | null = null;
  let startMs = 0;
  const clear = (): void => {
    if (task !== null) spinner.stop();
    task = null;
  };
  return {
    update(progress) {
      const nowMs = now();
      const starts = task !== progress.task;
      if (starts) {
        clear();
        [task, startMs] = [progress.task, nowMs];
      }
      const text = formatProgress(progress, nowMs - startMs).slice(0, width - 4);
      spinner.text = text;
      if (progress.doneBytes >= progress.totalBytes) {
        task = null;
        spinner.stopAndPersist({ symbol: "", text: formatDone(progress, nowMs - startMs) });
      } else if (starts) spinner.start();
    },
    clear,
  };
}

/** One line: task, bar, percent, bytes of total, rate, time left, and the path that is on its way. */
export function formatProgress(progress: Progress, elapsedMs: number, barCells = BAR_CELLS): string {
  const { doneBytes, totalBytes, task, path } = progress;
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const cells = Math.round(share * barCells);
  const bar = "█".repeat(cells) + "░".repeat(barCells - cells);
  const parts = [`${Math.round(share * 100)} %`.padStart(5), `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`];
  if (elapsedMs >= MIN_ELAPSED_MS && doneBytes > 0) {
    const bytesPerMs = doneBytes / elapsedMs;
    parts.push(`${formatBytes(bytesPerMs * 1000)}/s`, `${formatDuration((totalBytes - doneBytes) / bytesPerMs)} left`);
  }
  return `${task} ${bar} ${parts.join("  ")}${path === null ? "" : `  ${path}`}`;
}

/** What stays on the screen: task, full bar, bytes, time, rate. */
function formatDone({ task, totalBytes }: Progress, elapsedMs: number): string {
  const rate = elapsedMs > 0 ? `, ${formatBytes((totalBytes / elapsedMs) * 1000)}/s` : "";
  return `${task} ${"█".repeat(BAR_CELLS)} 100 %  ${formatBytes(totalBytes)} in ${formatDuration(elapsedMs)}${rate}`;
}
