import type { EventData } from "../events.ts";
import type { Palette } from "./human.ts";
import { formatBytes, formatDuration } from "./sizes.ts";

/** The table of a profile's modules in the order in which they are loaded, and what they come to. */
export function formatSize(data: EventData<"size">, palette: Palette): string {
  const { modules, heap } = data;
  const head = ["module", "part", "flash", "heap", "import"];
  const rows = modules.map(({ name, part, flashBytes, heapBytes, importMs }) => [
    name,
    part,
    formatBytes(flashBytes),
    heapBytes === null ? "–" : formatBytes(heapBytes),
    importMs === null ? "" : `${importMs.toFixed(1)} ms`,
  ]);
  const total = [
    "together",
    "",
    formatBytes(data.flashBytes),
    formatBytes(heap.modulesBytes),
    `${data.importMs.toFixed(1)} ms`,
  ];
  const widths = head.map((_, column) => Math.max(...[head, ...rows, total].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const online =
    data.onlineMs === null
      ? "it does not reach the broker"
      : `it reaches the broker ${formatDuration(data.onlineMs)} after power-on, in virtual time`;
  return [
    palette.faint(line(head)),
    ...rows.map(line),
    palette.strong(line(total)),
    `running for ${formatDuration(heap.afterMs)}: ${formatBytes(heap.runningBytes)} of ${formatBytes(heap.totalBytes)} heap used, ${formatBytes(heap.freeBytes)} free, largest free block ${formatBytes(heap.largestFreeBytes)}`,
    `${data.release} on a virtual board: ${online}; import times are this computer's; – is not loaded as a module at a start`,
  ].join("\n");
}
