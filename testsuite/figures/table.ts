import type { Row } from "./row.ts";

/** Rows as aligned columns, one line each, under a heading. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.suite,
    row.row,
    `${number(row.value)} ${row.unit}`,
    row.peer === null ? "" : `${row.peer} ${number(row.peerValue)}`,
    number(row.ratio),
    row.goal ?? "",
    row.met === null ? "" : row.met ? "met" : "MISSED",
  ]);
  const table = [["suite", "row", "value", "peer", "ratio", "goal", ""], ...cells];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function number(value: number | null): string {
  if (value === null) return "";
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}
