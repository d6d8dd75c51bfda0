import { ByteReader, ByteWriter, ProtocolError, RefusedError } from "@espx/proto";
import type { Digest } from "../app/image.ts";
import type { Partition } from "./partition.ts";

/** A table as it lies in flash. */
export interface PartitionTable {
  readonly partitions: readonly Partition[];
  /** The MD5 over the entries, or null when the table has none. */
  readonly md5: Uint8Array | null;
}

/** Where ESP-IDF and MicroPython keep the table. */
export const PARTITION_TABLE_OFFSET = 0x8000;
/** The table takes one erase unit; a signature may stand behind its entries. */
export const PARTITION_TABLE_SECTOR_SIZE = 0x1000;
/** What a table's entries, MD5 and end may take. */
export const PARTITION_TABLE_SIZE = 0xc00;
export const MAX_PARTITIONS = 95;

const ENTRY_SIZE = 32;
const NAME_SIZE = 16;
const ENTRY_MAGIC = 0x50aa;
const MD5_MAGIC = 0xebeb;
const END_MAGIC = 0xffff;
const FLAG_ENCRYPTED = 1;
const FLAG_READ_ONLY = 2;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decode a table; what stands behind its end is not looked at.
 *
 * Shape: entries of 32 bytes: `aa 50`, type, subtype, offset (u32), size (u32), name (16, filled with 0), flags
 * (u32: 1 encrypted, 2 read-only). Then, mostly, `eb eb`, 14 times 0xff and the MD5 of the entries; then 0xff.
 * @param md5 - checks the MD5; without it, it is only returned
 * @throws ProtocolError `image/partition-truncated`, `image/partition-bad-magic`, `image/partition-bad-hash`,
 *   `image/partition-bad-value`
 * @source ESP-IDF docs, "Partition Tables"; esp_flash_partitions.h, `esp_partition_info_t`
 */
export function decodePartitionTable(bytes: Uint8Array, md5?: Digest): PartitionTable {
  const partitions: Partition[] = [];
  let hash: Uint8Array | null = null;
  for (let offset = 0; offset + ENTRY_SIZE <= bytes.length && offset < PARTITION_TABLE_SIZE; offset += ENTRY_SIZE) {
    const entry = bytes.subarray(offset, offset + ENTRY_SIZE);
    const magic = new ByteReader(entry).u16le();
    if (magic === END_MAGIC) return { partitions, md5: hash };
    if (hash !== null || (magic !== ENTRY_MAGIC && magic !== MD5_MAGIC)) throw badMagic(magic, offset, hash !== null);
    if (magic === ENTRY_MAGIC) partitions.push(decodeEntry(entry, partitions.length + 1));
    else hash = checkedHash(bytes.subarray(0, offset), entry.slice(16), md5);
  }
  if (bytes.length >= PARTITION_TABLE_SIZE) return { partitions, md5: hash };
  throw new ProtocolError("image/partition-truncated", `partition table of ${bytes.length} bytes has no end`);
}

/**
 * Encode a table, filled up with 0xff to 0xc00 bytes.
 *
 * @param md5 - adds the MD5 entry, as boot loaders since ESP-IDF 3.1 expect it
 * @throws RefusedError `image/partition-too-many`; ProtocolError `image/partition-bad-value` for a name without or
 *   with too many bytes
 */
export function encodePartitionTable(partitions: readonly Partition[], md5?: Digest): Uint8Array {
  if (partitions.length > MAX_PARTITIONS) {
    throw new RefusedError(
      "image/partition-too-many",
      `there are ${partitions.length} partitions, at most ${MAX_PARTITIONS}`,
    );
  }
  const table = new Uint8Array(PARTITION_TABLE_SIZE).fill(0xff);
  const end = partitions.length * ENTRY_SIZE;
  for (const [index, partition] of partitions.entries()) table.set(encodeEntry(partition), index * ENTRY_SIZE);
  if (md5 !== undefined) {
    table.set([0xeb, 0xeb], end);
    table.set(md5(table.subarray(0, end)), end + 16);
  }
  return table;
}

function decodeEntry(entry: Uint8Array, number: number): Partition {
  const reader = new ByteReader(entry.subarray(2));
  const type = reader.u8();
  const subtype = reader.u8();
  const offset = reader.u32le();
  const sizeBytes = reader.u32le();
  const name = decodeName(reader.bytes(NAME_SIZE), number);
  const flags = reader.u32le();
  return {
    name,
    type,
    subtype,
    offset,
    sizeBytes,
    isEncrypted: (flags & FLAG_ENCRYPTED) !== 0,
    isReadOnly: (flags & FLAG_READ_ONLY) !== 0,
  };
}

function encodeEntry(partition: Partition): Uint8Array {
  const name = new Uint8Array(NAME_SIZE);
  const bytes = new TextEncoder().encode(partition.name);
  if (bytes.length === 0 || bytes.length > NAME_SIZE || bytes.includes(0)) {
    throw new ProtocolError(
      "image/partition-bad-value",
      `name "${partition.name}" has ${bytes.length} bytes, expected 1 to ${NAME_SIZE}`,
    );
  }
  name.set(bytes);
  const flags = (partition.isEncrypted ? FLAG_ENCRYPTED : 0) | (partition.isReadOnly ? FLAG_READ_ONLY : 0);
  return new ByteWriter(ENTRY_SIZE)
    .u16le(ENTRY_MAGIC)
    .u8(partition.type)
    .u8(partition.subtype)
    .u32le(partition.offset)
    .u32le(partition.sizeBytes)
    .bytes(name)
    .u32le(flags)
    .take();
}

function decodeName(bytes: Uint8Array, number: number): string {
  const end = bytes.indexOf(0);
  try {
    return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch (cause) {
    throw new ProtocolError("image/partition-bad-value", `partition ${number} has a name that is no text`, { cause });
  }
}

function checkedHash(entries: Uint8Array, hash: Uint8Array, md5: Digest | undefined): Uint8Array {
  const expected = md5?.(entries);
  if (expected?.some((byte, index) => byte !== hash[index]) === true) {
    throw new ProtocolError("image/partition-bad-hash", "the MD5 of the partition table does not fit its entries");
  }
  return hash;
}

function badMagic(magic: number, offset: number, isAfterHash: boolean): ProtocolError {
  const got = magic.toString(16).padStart(4, "0");
  const expected = isAfterHash ? "the end after the MD5" : "0x50aa, 0xebeb or 0xffff";
  return new ProtocolError(
    "image/partition-bad-magic",
    `entry at offset ${offset} of the partition table starts with 0x${got}, expected ${expected}`,
  );
}
