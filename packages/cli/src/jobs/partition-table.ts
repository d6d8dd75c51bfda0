import {
  encodePartitionTable,
  formatPartitionCsv,
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
import { readLocal, writeLocal } from "./local-file.ts";

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
  return showTable(ctx, { source: file, partitions: await tableOfFile(ctx, file) }, options);
}

/** A table and where it was found. */
interface FoundTable {
  readonly source: string;
  readonly partitions: readonly Partition[];
}

/** Shows a table, with a warning for what does not fit, and writes it where that was asked for. */
async function showTable(
  ctx: Context,
  { source, partitions }: FoundTable,
  { csv, output, flashSizeBytes }: TableOptions,
): Promise<EventData<"partitions">> {
  const data = partitionsData(source, partitions);
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
export function partitionsData(source: string, partitions: readonly Partition[]): EventData<"partitions"> {
  const { able, reason } = otaAbility(partitions);
  const rows = partitions.map(({ name, type, subtype, offset, sizeBytes, isEncrypted, isReadOnly }) => ({
    name,
    type: typeName(type),
    subtype: subtypeName(type, subtype),
    offset,
    sizeBytes,
    encrypted: isEncrypted,
    readOnly: isReadOnly,
  }));
  return { source, partitions: rows, ota: { able, reason } };
}

/**
 * The partition table in a file.
 *
 * @throws ConfigError `image/csv-…` with its place; NotFoundError `cli/no-table` for an image alone
 */
async function tableOfFile(ctx: Context, file: string): Promise<readonly Partition[]> {
  const bytes = await readLocal(ctx, file);
  if (/\.csv$/i.test(file)) return parsePartitionCsv(new TextDecoder().decode(bytes), { file });
  const { table } = readFlashFile(bytes, digests);
  if (table !== null) return table.partitions;
  throw new NotFoundError("cli/no-table", `${file} is a single image, without a partition table`, {
    hint: `espx image-info ${file} shows what it is`,
  });
}
