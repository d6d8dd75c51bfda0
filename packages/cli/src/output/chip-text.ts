import type { EventData } from "../events.ts";
import type { Palette } from "./human.ts";
import { formatBytes, formatDuration, plural } from "./sizes.ts";

/** One line on the chip at a port. */
export function formatChip(data: EventData<"chip">): string {
  const flash = data.flashBytes === null ? "flash of unknown size" : `${data.flashBytes / 1024 / 1024} MB flash`;
  const mac = data.mac === null ? "" : `, MAC ${data.mac}`;
  return `${data.port}: ${data.description}, ${flash}${mac}, at ${data.baudRate} baud${data.stub ? "" : ", without a stub"}`;
}

/** What will be done; piece by piece when `verbose`. */
export function formatFlashPlan(data: EventData<"flash-plan">, verbose: boolean): string {
  const { pieces, writeBytes, eraseBytes, unchangedBytes } = data;
  if (pieces.length === 0) return `nothing to do: the chip holds all ${formatBytes(unchangedBytes)} already`;
  const parts = [
    ...(writeBytes > 0 ? [`${formatBytes(writeBytes)} to write`] : []),
    ...(eraseBytes > 0 ? [`${formatBytes(eraseBytes)} to erase`] : []),
    ...(unchangedBytes > 0 ? [`${formatBytes(unchangedBytes)} there already`] : []),
  ];
  const lines = pieces.map(
    ({ kind, address, sizeBytes }) => `  ${kind} 0x${address.toString(16)}  ${formatBytes(sizeBytes)}`,
  );
  return [`${parts.join(", ")}, in ${plural(pieces.length, "piece")}`, ...(verbose ? lines : [])].join("\n");
}

/** How it ended. */
export function formatFlashed(data: EventData<"flashed">, palette: Palette): string {
  const { writtenBytes, erasedBytes, sentBytes, durationMs, boot } = data;
  const done =
    writtenBytes + erasedBytes === 0
      ? palette.good("unchanged")
      : `${palette.good("flashed")} and verified ${formatBytes(writtenBytes + erasedBytes)}, ${formatBytes(sentBytes)} sent, in ${formatDuration(durationMs)}`;
  return `${data.port}: ${done}${boot?.kind === "micropython" ? `; ${boot.text}` : ""}`;
}
