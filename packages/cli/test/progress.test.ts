import { expect, test } from "vitest";
import { createProgressBar, formatProgress } from "../src/output/progress.ts";
import { formatBytes, formatDuration } from "../src/output/sizes.ts";

test("a line of progress has bar, percent, bytes, rate and the time that is left", () => {
  const progress = { task: "sending", doneBytes: 10_240, totalBytes: 40_960, path: "/a/main.py" };
  expect(formatProgress(progress, 2_000)).toBe(
    "sending ██████░░░░░░░░░░░░░░░░░░  25 %  10.0 KB of 40.0 KB  5.0 KB/s  6.0 s left  /a/main.py",
  );
  expect(formatProgress(progress, 100)).not.toContain("left");
  expect(formatProgress({ ...progress, doneBytes: 0, totalBytes: 0 }, 0)).toContain("100 %");
});

test("a bar is drawn over itself, and its end stays on the screen", () => {
  const calls: string[] = [];
  let nowMs = 0;
  const spinner = {
    text: "",
    start: () => calls.push(`start ${spinner.text.slice(0, 7)}`),
    stop: () => calls.push("stop"),
    stopAndPersist: ({ text }: { text: string }) => calls.push(text),
  };
  const bar = createProgressBar(spinner, () => nowMs, 100);
  for (const doneBytes of [0, 512, 1024]) {
    bar.update({ task: "sending", doneBytes, totalBytes: 1024, path: null });
    nowMs += 500;
  }
  bar.clear();
  expect(calls).toEqual(["start sending", "sending ████████████████████████ 100 %  1.0 KB in 1.0 s, 1.0 KB/s"]);
});

test("a bar that is broken off is taken off the screen", () => {
  const calls: string[] = [];
  const spinner = {
    text: "",
    start: () => calls.push("start"),
    stop: () => calls.push("stop"),
    stopAndPersist: () => calls.push("persist"),
  };
  const bar = createProgressBar(spinner, () => 0, 100);
  bar.update({ task: "sending", doneBytes: 1, totalBytes: 1024, path: null });
  bar.clear();
  bar.clear();
  expect(calls).toEqual(["start", "stop"]);
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KB"],
  [1_572_864, "1.50 MB"],
])("%d bytes read %s", (count, text) => expect(formatBytes(count)).toBe(text));

test.each([
  [400, "0.4 s"],
  [12_400, "12 s"],
  [125_000, "2 min 5 s"],
])("%d ms read %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
