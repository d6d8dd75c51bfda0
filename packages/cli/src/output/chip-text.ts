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
  const { port, pieces, writeBytes, eraseBytes, unchangedBytes } = data;
  if (pieces.length === 0) return `${port}: nothing to do, the chip holds all ${formatBytes(unchangedBytes)} already`;
  const parts = [
    ...(writeBytes > 0 ? [`${formatBytes(writeBytes)} to write`] : []),
    ...(eraseBytes > 0 ? [`${formatBytes(eraseBytes)} to erase`] : []),
    ...(unchangedBytes > 0 ? [`${formatBytes(unchangedBytes)} there already`] : []),
  ];
  const lines = pieces.map(
    ({ kind, address, sizeBytes }) => `  ${kind} 0x${address.toString(16)}  ${formatBytes(sizeBytes)}`,
  );
  return [`${port}: ${parts.join(", ")}, in ${plural(pieces.length, "piece")}`, ...(verbose ? lines : [])].join("\n");
}

/** How it ended. */
export function formatFlashed(data: EventData<"flashed">, palette: Palette): string {
  const { writtenBytes, erasedBytes, sentBytes, durationMs, boot } = data;
  const done =
    writtenBytes + erasedBytes === 0
      ? palette.good("unchanged")
      : `${palette.good("flashed")} ${data.verified ? "and verified" : "without being verified"} ${formatBytes(writtenBytes + erasedBytes)}, ${formatBytes(sentBytes)} sent, in ${formatDuration(durationMs)}`;
  return `${data.port}: ${done}${boot?.kind === "micropython" ? `; ${boot.text}` : ""}`;
}

/** What a chip is, in esptool's order, and what its flash holds. */
export function formatDetails(data: EventData<"details">, palette: Palette): string {
  const { applications, flashBytes, flashId } = data;
  const flash = flashBytes === null ? "unknown size" : formatBytes(flashBytes);
  const rows: readonly (readonly [string, string])[] = [
    ["features", data.features.join(", ")],
    ["crystal", data.crystalMhz === null ? "" : `${data.crystalMhz} MHz`],
    ["address", data.mac ?? ""],
    ["flash", flashId === null ? "" : `${flash}, id 0x${flashId.toString(16).padStart(6, "0")}`],
    ["locks", data.locks.join(", ") || "none"],
    ["holds", applications.map(({ partition, name, version }) => `${name} ${version} (${partition})`).join(", ")],
    ["updates", data.ota?.reason ?? ""],
  ];
  const lines = rows.flatMap(([label, text]) => (text === "" ? [] : [`  ${label.padEnd(9)} ${text}`]));
  return [palette.strong(`${data.port}: ${data.description}`), ...lines].join("\n");
}

/** The flash chip in the words of esptool's flash-id. */
export function formatFlashId({ manufacturer, device, sizeBytes }: EventData<"flash">): string {
  const size = sizeBytes === null ? "unknown" : `${sizeBytes / 1024 / 1024}MB`;
  return `manufacturer ${manufacturer.toString(16).padStart(2, "0")}, device ${device.toString(16).padStart(4, "0")}, size ${size}`;
}

/** What was done to a piece of flash. */
export function formatRegion(data: EventData<"region">, palette: Palette): string {
  const { port, action, name, address, sizeBytes, unchangedBytes, durationMs } = data;
  const there = action === "written" && unchangedBytes > 0 ? `, ${formatBytes(unchangedBytes)} there already` : "";
  const what = `${name === null ? "" : `${name}, `}${formatBytes(sizeBytes)} at 0x${address.toString(16)}`;
  return `${port}: ${palette.good(action)} ${what}${there}, in ${formatDuration(durationMs)}`;
}
