import {
  type AppDescription,
  encodePartitionTable,
  formatPartitionCsv,
  type FoundImage,
  otaAbility,
  parsePartitionCsv,
  type Partition,
  partitionFaults,
  readFlashFile,
  subtypeName,
  typeName,
} from "@espx/image";
import { NotFoundError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { digests } from "../release/digests.ts";
import { readContents } from "./flash-contents.ts";
import { readLocal, writeLocal } from "./local-file.ts";
import { type ChipVisit, onChip } from "./on-chip.ts";

/** How a partition table is shown. */
export interface TableOptions {
  /** As CSV on stdout instead of a table. */
  readonly csv: boolean;
  /** A file for it: CSV when its name ends so, else the bytes that go to 0x8000. */
  readonly output: string | undefined;
  /** Size of the flash that it must fit. */
  readonly flashSizeBytes: number | undefined;
}

/** Shows the partition table of a file: a CSV, the table's bytes, a merged firmware or a backup. */
export async function showTableOfFile(
  ctx: Context,
  file: string,
  options: TableOptions,
): Promise<EventData<"partitions">> {
  return showTable(ctx, await tableOfFile(ctx, file), options);
}

/** Shows the partition table of a board, with what its applications say of themselves. */
export function showTableOfBoard(
  ctx: Context,
  visit: ChipVisit,
  options: TableOptions,
): Promise<EventData<"partitions">> {
  return onChip(ctx, visit, async (session) => {
    const flashSizeBytes = options.flashSizeBytes ?? session.chip.flash.sizeBytes;
    return showTable(ctx, { source: visit.url, ...(await readContents(session)) }, { ...options, flashSizeBytes });
  });
}

/** A table, where it was found, and what applications there say of themselves, by the name of their partition. */
interface FoundTable {
  readonly source: string;
  readonly partitions: readonly Partition[];
  readonly applications: ReadonlyMap<string, AppDescription>;
}

/** Shows a table, with a warning for what does not fit, and writes it where that was asked for. */
async function showTable(
  ctx: Context,
  found: FoundTable,
  { csv, output, flashSizeBytes }: TableOptions,
): Promise<EventData<"partitions">> {
  const { partitions } = found;
  const data = partitionsData(found);
  const limits = flashSizeBytes === undefined ? {} : { flashSizeBytes };
  for (const { message } of partitionFaults(partitions, limits)) {
    ctx.out.emit({ kind: "log", data: { level: "warning", text: message } });
  }
  const text = formatPartitionCsv(partitions);
  if (csv && !ctx.out.json) ctx.out.raw(new TextEncoder().encode(text));
  else ctx.out.emit({ kind: "partitions", data });
  if (output !== undefined) {
    const bytes = /\.csv$/i.test(output)
      ? new TextEncoder().encode(text)
      : encodePartitionTable(partitions, digests.md5);
    await writeLocal(ctx, output, { bytes, secret: false });
  }
  return data;
}

/** A table as the `partitions` event has it. */
export function partitionsData({ source, partitions, applications }: FoundTable): EventData<"partitions"> {
  const { able, reason } = otaAbility(partitions);
  const rows = partitions.map(({ name, type, subtype, offset, sizeBytes, isEncrypted, isReadOnly }) => ({
    name,
    type: typeName(type),
    subtype: subtypeName(type, subtype),
    offset,
    sizeBytes,
    encrypted: isEncrypted,
    readOnly: isReadOnly,
    content: nameOf(applications.get(name)),
  }));
  return { source, partitions: rows, ota: { able, reason } };
}

/**
 * The partition table in a file.
 *
 * @throws ConfigError `image/csv-…` with its place; NotFoundError `cli/no-table` for an image alone
 */
async function tableOfFile(ctx: Context, file: string): Promise<FoundTable> {
  const bytes = await readLocal(ctx, file);
  if (/\.csv$/i.test(file)) {
    const partitions = parsePartitionCsv(new TextDecoder().decode(bytes), { file });
    return { source: file, partitions, applications: new Map() };
  }
  const { table, images } = readFlashFile(bytes, digests);
  if (table !== null) return { source: file, partitions: table.partitions, applications: applicationsIn(images) };
  throw new NotFoundError("cli/no-table", `${file} is a single image, without a partition table`, {
    hint: `espx image-info ${file} shows what it is`,
  });
}

/** What the images of flash contents say of themselves, by the name of their partition. */
export function applicationsIn(images: readonly FoundImage[]): ReadonlyMap<string, AppDescription> {
  return new Map(
    images.flatMap(({ name, description }) =>
      name === null || description === null ? [] : [[name, description] as const],
    ),
  );
}

const nameOf = (application: AppDescription | undefined): string | null =>
  application === undefined ? null : `${application.projectName} ${application.version}`;
