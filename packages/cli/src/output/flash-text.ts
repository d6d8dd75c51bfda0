import type { EspxEvent, EventData } from "../events.ts";
import type { FlashEventKind } from "../flash-events.ts";
import { formatChip, formatDetails, formatFlashed, formatFlashId, formatFlashPlan, formatRegion } from "./chip-text.ts";
import { formatColumns } from "./columns.ts";
import type { Palette } from "./human.ts";
import { type Line, remark, result } from "./line.ts";
import { formatBytes } from "./sizes.ts";

type FlashEvent = EspxEvent & { readonly kind: FlashEventKind };

type Formatters = {
  readonly [K in FlashEventKind]: (data: EventData<K>, palette: Palette, isVerbose: boolean) => Line;
};

const formatters: Formatters = {
  image: (data, palette) => result(formatImage(data, palette)),
  partitions: (data, palette) => result(formatPartitions(data, palette)),
  firmware: (data) => remark(formatFirmware(data)),
  offer: (data, palette) => result(formatOffer(data, palette)),
  chip: (data) => remark(formatChip(data)),
  details: (data, palette) => result(formatDetails(data, palette)),
  flash: (data) => result(formatFlashId(data)),
  mac: ({ mac }) => result(mac),
  "flash-plan": (data, _, isVerbose) => remark(formatFlashPlan(data, isVerbose)),
  flashed: (data, palette) => result(formatFlashed(data, palette)),
  failed: (data, palette) => remark(formatFailed(data, palette)),
  summary: (data, palette) => result(formatSummary(data, palette)),
  region: (data, palette) => result(formatRegion(data, palette)),
  written: (data) => result(formatWritten(data)),
};

/** Whether an event is about flash or a file for it. */
export const isFlashEvent = (event: EspxEvent): event is FlashEvent => Object.hasOwn(formatters, event.kind);

/** What a person is shown of flash and of files for it. */
export function formatFlashEvent({ kind, data }: FlashEvent, palette: Palette, isVerbose: boolean): Line {
  return formatters[kind](data as never, palette, isVerbose);
}

function formatFailed({ name, message, causes, hint }: EventData<"failed">, palette: Palette): string {
  const lines = [...causes.map((cause) => `  because ${cause}`), ...(hint === null ? [] : [`  do this: ${hint}`])];
  return [`${palette.bad("failed")} ${name}: ${message}`, ...lines].join("\n");
}

function formatSummary({ boards, done, failures }: EventData<"summary">, palette: Palette): string {
  const good = palette.good(`${done} of ${boards} boards done`);
  const bad = failures.map(({ name, code }) => `  ${name}  ${palette.bad(code)}`);
  return [good, ...bad].join("\n");
}

function formatWritten({ path, sizeBytes, secret }: EventData<"written">): string {
  const warning = secret ? "; it may hold secrets, and only you can read it" : "";
  return `${path}  ${formatBytes(sizeBytes)}${warning}`;
}

/** `0x10000`, as addresses are written everywhere. */
const formatAddress = (value: number): string => `0x${value.toString(16)}`;

/** An image with its segments, and what does not fit marked as such. */
function formatImage(data: EventData<"image">, palette: Palette): string {
  const judged = (text: string, valid: boolean): string =>
    `${text}, ${valid ? palette.good("valid") : palette.bad("does not fit")}`;
  const { application, sha256, checksum, flash } = data;
  const rows: readonly (readonly [string, string])[] = [
    ["chip", `${data.chip ?? `unknown (id ${data.chipId})`}, revision ${formatRevisions(data)}`],
    ["size", `${data.sizeBytes} bytes (${formatBytes(data.sizeBytes)}), starts at ${formatAddress(data.entry)}`],
    ["flash", `${flash.mode}, ${flash.frequency}, ${flash.size}`],
    ...(application === null
      ? []
      : ([
          ["application", `${application.name} ${application.version}, built ${application.built}`],
          ["ESP-IDF", application.idfVersion],
        ] as const)),
    ["checksum", judged(`0x${checksum.value.toString(16).padStart(2, "0")}`, checksum.valid)],
    ["SHA-256", sha256 === null ? "none" : judged(sha256.value, sha256.valid)],
  ];
  const segments = formatColumns(
    [{ title: "segment" }, { title: "address" }, { title: "bytes", right: true }, { title: "data at", right: true }],
    data.segments.map((segment, index) => [
      String(index + 1),
      `0x${segment.address.toString(16).padStart(8, "0")}`,
      String(segment.sizeBytes),
      formatAddress(segment.offset),
    ]),
  );
  const lines = [...rows.map(([label, text]) => `${label.padEnd(11)}  ${text}`), ...segments];
  return [palette.strong(headOf(data)), ...lines.map((line) => `  ${line}`)].join("\n");
}

function headOf({ name, address, application, file }: EventData<"image">): string {
  const what = name === "boot loader" ? name : application === null ? "image without a description" : "application";
  if (address === null) return `${file}: ${what}`;
  return `${file}: ${what} at ${formatAddress(address)}${name === null || name === what ? "" : ` (${name})`}`;
}

function formatRevisions({ minRevision, maxRevision }: EventData<"image">): string {
  const from = formatRevision(minRevision);
  return maxRevision === null ? `${from} and above` : `${from} to ${formatRevision(maxRevision)}`;
}

/** 301 as `3.1`. */
const formatRevision = (revision: number): string => `${Math.floor(revision / 100)}.${revision % 100}`;

/** A partition table as people know it from ESP-IDF, sizes also in words. */
function formatPartitions({ partitions, ota }: EventData<"partitions">, palette: Palette): string {
  const [head = "", ...rows] = formatColumns(
    [
      { title: "name" },
      { title: "type" },
      { title: "subtype" },
      { title: "offset", right: true },
      { title: "size", right: true },
      { title: "", right: true },
      { title: "flags" },
      { title: "content" },
    ],
    partitions.map(({ name, type, subtype, offset, sizeBytes, encrypted, readOnly, content }) => [
      name,
      type,
      subtype,
      formatAddress(offset),
      formatAddress(sizeBytes),
      formatBytes(sizeBytes),
      [encrypted ? "encrypted" : "", readOnly ? "readonly" : ""].filter(Boolean).join(":"),
      content ?? "",
    ]),
  );
  return [palette.faint(head), ...rows, palette.faint(ota.reason)].join("\n");
}

/** Which firmware was taken and why, and what its layout can do. */
function formatFirmware(data: EventData<"firmware">): string {
  const { sizeBytes, from, reason, ota } = data;
  const where = from === "cache" ? "from the cache" : `from ${new URL(data.url).host}`;
  return `${nameOf(data)}, ${formatBytes(sizeBytes)} ${where}: ${reason}\n${ota.reason}`;
}

/** One line of the catalogue. */
function formatOffer(data: EventData<"offer">, palette: Palette): string {
  const pinned = data.pinned === null ? "hash not known" : data.pinned === "lock" ? "locked" : "pinned";
  const state = data.cached ? `${pinned}, in the cache` : pinned;
  return `${palette.strong(nameOf(data).padEnd(34))} ${data.chip.padEnd(8)} ${data.description}  ${palette.faint(`(${state})`)}`;
}

function nameOf({ board, variant, version }: Pick<EventData<"offer">, "board" | "variant" | "version">): string {
  return `${board}${variant === "" ? "" : `-${variant}`} ${version}`;
}
