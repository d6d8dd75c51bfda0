import { ByteReader, ByteWriter, ProtocolError, crc32 } from "@espx/proto";

/** One entry of 32 bytes that names a value; its data may follow in further entries. */
export interface NvsItem {
  /** 0 holds the names of the namespaces. */
  readonly namespaceIndex: number;
  readonly type: number;
  /** Entries that it takes with its data, 1..126. */
  readonly span: number;
  /** Which chunk of a blob, or 255. */
  readonly chunkIndex: number;
  readonly key: string;
  /** 8 bytes: the value itself, or size and CRC of the data that follows. */
  readonly field: Uint8Array;
}

export const ITEM_SIZE = 32;
export const NO_CHUNK = 0xff;
export const KEY_MAX = 15;
const KEY_SIZE = 16;
const CRC_SEED = 0xffffffff;
const ascii = new TextDecoder();

/** CRC-32 as the chip's ROM computes it for NVS: zlib's, continued from all ones. */
export function nvsCrc(...parts: readonly Uint8Array[]): number {
  return parts.reduce((crc, part) => crc32(part, crc), CRC_SEED);
}

/**
 * Shape: namespace index, type, span, chunk index (u8 each), CRC-32 of the other 28 bytes (u32), key (16, ends with
 * 0), field (8).
 *
 * @param where - for the message
 * @throws ProtocolError `image/nvs-bad-checksum`, `image/nvs-bad-value`
 * @source ESP-IDF docs, "NVS", "Structure of Entry"
 */
export function decodeItem(bytes: Uint8Array, where: string): NvsItem {
  const reader = new ByteReader(bytes);
  const [namespaceIndex, type, span, chunkIndex] = [reader.u8(), reader.u8(), reader.u8(), reader.u8()];
  if (reader.u32le() !== nvsCrc(bytes.subarray(0, 4), bytes.subarray(8, ITEM_SIZE))) {
    throw new ProtocolError("image/nvs-bad-checksum", `${where} has a wrong CRC-32`);
  }
  const key = decodeKey(reader.bytes(KEY_SIZE), where);
  return { namespaceIndex, type, span, chunkIndex, key, field: reader.bytes(8) };
}

/** @source as {@link decodeItem} */
export function encodeItem(item: NvsItem): Uint8Array {
  const key = new Uint8Array(KEY_SIZE);
  key.set(new TextEncoder().encode(item.key).subarray(0, KEY_MAX));
  const head = Uint8Array.of(item.namespaceIndex, item.type, item.span, item.chunkIndex);
  return new ByteWriter(ITEM_SIZE)
    .bytes(head)
    .u32le(nvsCrc(head, key, item.field))
    .bytes(key)
    .bytes(item.field)
    .take();
}

/** Size and CRC of data that follows, as a field. */
export function dataField(data: Uint8Array): Uint8Array {
  return new ByteWriter(8).u16le(data.length).u16le(0xffff).u32le(nvsCrc(data)).take();
}

function decodeKey(bytes: Uint8Array, where: string): string {
  const end = bytes.indexOf(0);
  const key = ascii.decode(bytes.subarray(0, Math.max(end, 0)));
  if (end <= 0) throw new ProtocolError("image/nvs-bad-value", `${where} has a key of ${end} bytes, expected 1 to 15`);
  return key;
}
