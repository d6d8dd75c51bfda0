import type { EventData } from "../events.ts";
import { formatBytes, formatDuration } from "./sizes.ts";

type Progress = EventData<"progress">;

/** A spinner with a changing text, as ora makes it. */
export interface Spinner {
  text: string;
  start(): unknown;
  stop(): unknown;
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

export function createProgressBar(spinner: Spinner, nowMs: () => number, width: number): ProgressBar {
  let task: string | null = null;
  let startMs = 0;
  const clear = (): void => {
    if (task !== null) spinner.stop();
    task = null;
  };
  return {
    update(progress) {
      if (task !== progress.task) {
        clear();
        [task, startMs] = [progress.task, nowMs()];
        spinner.start();
      }
      spinner.text = formatProgress(progress, nowMs() - startMs).slice(0, width - 4);
      if (progress.doneBytes >= progress.totalBytes) clear();
    },
    clear,
  };
}

/** One line: task, bar, percent, bytes of total, rate, time left, and the path that is on its way. */
export function formatProgress(progress: Progress, elapsedMs: number): string {
  const { doneBytes, totalBytes, task, path } = progress;
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const cells = Math.round(share * BAR_CELLS);
  const bar = "█".repeat(cells) + "░".repeat(BAR_CELLS - cells);
  const parts = [`${Math.round(share * 100)} %`.padStart(5), `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`];
  if (elapsedMs >= MIN_ELAPSED_MS && doneBytes > 0) {
    const bytesPerMs = doneBytes / elapsedMs;
    parts.push(`${formatBytes(bytesPerMs * 1000)}/s`, `${formatDuration((totalBytes - doneBytes) / bytesPerMs)} left`);
  }
  return `${task} ${bar} ${parts.join("  ")}${path === null ? "" : `  ${path}`}`;
}
