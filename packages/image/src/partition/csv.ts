import { ConfigError } from "@espx/proto";
import { type PartitionLimits, alignmentOf, partitionFaults } from "./checks.ts";
import { type CsvField, type CsvLine, badField, parseNumber, readCsvLines } from "./csv-line.ts";
import { type Partition, partitionType, subtypeName, subtypesOf, typeName } from "./partition.ts";
import { PARTITION_TABLE_OFFSET, PARTITION_TABLE_SECTOR_SIZE } from "./table.ts";

/** How a CSV is read. */
export interface CsvOptions extends PartitionLimits {
  /** Name for error messages. Default `partitions.csv`. */
  readonly file?: string;
}

/**
 * Read a partition table in ESP-IDF's CSV form and place what has no offset.
 *
 * Shape: a line a partition: name, type, subtype, offset, size, flags. Types and subtypes by name or number; numbers
 * decimal, `0x…`, or with K or M. No offset: behind the partition before, on the boundary of its type. A negative size
 * is the offset of the end. Flags: `encrypted`, `readonly`, joined by `:`.
 * @throws ConfigError `image/csv-bad-value`, `image/csv-misfit`, with file, line and column
 * @source ESP-IDF docs, "Partition Tables", "Creating Custom Tables"
 */
export function parsePartitionCsv(text: string, options: CsvOptions = {}): readonly Partition[] {
  const lines = readCsvLines(text, options.file ?? "partitions.csv");
  const partitions: Partition[] = [];
  let end = PARTITION_TABLE_OFFSET + PARTITION_TABLE_SECTOR_SIZE;
  for (const line of lines) {
    const partition = readPartition(line, end);
    // Boot loader and table partitions lie before what is placed.
    if (partition.type <= partitionType.data || partition.type > partitionType.partition_table)
      end = partition.offset + partition.sizeBytes;
    partitions.push(partition);
  }
  const [fault] = partitionFaults(partitions, options);
  if (fault === undefined) return partitions;
  const field = lines[fault.index]?.[{ name: 0, offset: 3, sizeBytes: 4 }[fault.field]] as CsvField;
  const { file, line, column } = field;
  throw new ConfigError("image/csv-misfit", fault.message, { position: { file, line, column } });
}

/** The same table as CSV, each offset and size written out. */
export function formatPartitionCsv(partitions: readonly Partition[]): string {
  const lines = partitions.map((partition) => {
    const { name, type, subtype, offset, sizeBytes } = partition;
    const flags = [partition.isEncrypted ? "encrypted" : "", partition.isReadOnly ? "readonly" : ""].filter(Boolean);
    return [name, typeName(type), subtypeName(type, subtype), hex(offset), hex(sizeBytes), flags.join(":")]
      .join(", ")
      .trim();
  });
  return ["# Name, Type, SubType, Offset, Size, Flags", ...lines, ""].join("\n");
}

function readPartition([name, type, subtype, offset, size, flags]: CsvLine, end: number): Partition {
  if (!isName(name.text)) throw badField(name, `partition name is "${name.text}", expected 1 to 16 bytes`);
  const typeCode = readCode(type, partitionType, "type");
  const subtypeCode = readSubtype(subtype, typeCode);
  const unit = alignmentOf(typeCode);
  const start = offset.text === "" ? Math.ceil(end / unit) * unit : parseNumber(offset, "offset");
  if (start < 0) throw badField(offset, `offset is ${start}, expected 0 or more`);
  if (size.text === "") throw badField(size, `partition ${name.text} has no size`, "write a size such as 24K or 1M");
  const sizeOrEnd = parseNumber(size, "size");
  const sizeBytes = sizeOrEnd < 0 ? -sizeOrEnd - start : sizeOrEnd;
  if (sizeBytes < 0) throw badField(size, `partition ${name.text} ends at ${hex(-sizeOrEnd)}, before it starts`);
  return { name: name.text, type: typeCode, subtype: subtypeCode, offset: start, sizeBytes, ...readFlags(flags) };
}

function readSubtype(field: CsvField, type: number): number {
  const isNamed = type === partitionType.app || type === partitionType.data;
  if (field.text === "" && isNamed) {
    throw badField(
      field,
      `subtype is missing, expected one of ${Object.keys(subtypesOf(type)).join(", ")}, or a number`,
    );
  }
  return field.text === "" ? 0 : readCode(field, subtypesOf(type), "subtype");
}

function readCode(field: CsvField, names: Readonly<Record<string, number>>, what: string): number {
  const named = Object.hasOwn(names, field.text) ? names[field.text] : undefined;
  if (named !== undefined) return named;
  const code = /^(0x[0-9a-f]+|\d+)$/i.test(field.text) ? Number(field.text) : Number.NaN;
  if (!(code <= 0xfe)) {
    const known = Object.keys(names).join(", ");
    throw badField(field, `${what} is "${field.text}", expected one of ${known}, or a number up to 0xfe`);
  }
  return code;
}

function readFlags(field: CsvField): Pick<Partition, "isEncrypted" | "isReadOnly"> {
  const flags = field.text.split(":").filter((flag) => flag !== "");
  const unknown = flags.find((flag) => flag !== "encrypted" && flag !== "readonly");
  if (unknown !== undefined) throw badField(field, `flag is "${unknown}", expected encrypted or readonly`);
  return { isEncrypted: flags.includes("encrypted"), isReadOnly: flags.includes("readonly") };
}

function isName(text: string): boolean {
  const { length } = new TextEncoder().encode(text);
  return length >= 1 && length <= 16;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
