import { ByteReader, ByteWriter, ProtocolError, crc32 } from "@espx/proto";

/** What an OTA record says of its slot: written by `set_boot` as `new`, moved on by boot loader and application. */
export type OtaState = "new" | "pending-verify" | "valid" | "invalid" | "aborted" | "undefined";

/** One of the two records that choose the application to start. */
export interface OtaRecord {
  /** Grows with each update; the valid record with the higher one starts slot `(sequence - 1) % slots`. */
  readonly sequence: number;
  readonly state: OtaState;
}

/** OTA data: one record at the start of each of two sectors; null when erased or not whole. */
export type OtaData = readonly [OtaRecord | null, OtaRecord | null];

const SECTOR = 0x1000;
const RECORD_SIZE = 32;
const codes: readonly OtaState[] = ["new", "pending-verify", "valid", "invalid", "aborted"];
const UNDEFINED_CODE = 0xffffffff;
const CRC_SEED = 0xffffffff;

/**
 * Decode an OTA data partition.
 *
 * Shape of a record: sequence (u32), label (20, unused), state (u32), CRC-32 of the sequence (u32).
 * @throws ProtocolError `image/ota-bad-length` when it has fewer than two sectors
 * @source ESP-IDF bootloader_support/include/esp_flash_partitions.h, `esp_ota_select_entry_t`
 */
export function decodeOtaData(bytes: Uint8Array): OtaData {
  if (bytes.length < 2 * SECTOR) {
    throw new ProtocolError("image/ota-bad-length", `OTA data has ${bytes.length} bytes, expected ${2 * SECTOR}`);
  }
  return [decodeRecord(bytes.subarray(0, RECORD_SIZE)), decodeRecord(bytes.subarray(SECTOR, SECTOR + RECORD_SIZE))];
}

/** Both sectors, 0xff where there is nothing. */
export function encodeOtaData(records: OtaData): Uint8Array {
  const bytes = new Uint8Array(2 * SECTOR).fill(0xff);
  for (const [index, record] of records.entries()) if (record !== null) bytes.set(encodeRecord(record), index * SECTOR);
  return bytes;
}

/**
 * Which record a boot loader goes by: the one with the higher sequence of those that are not invalid or aborted.
 *
 * @returns its index, or -1 when the factory application, or the first slot, starts
 */
export function activeOtaRecord(records: OtaData): number {
  const sequences = records.map((record) => (record !== null && mayStart(record) ? record.sequence : 0));
  const highest = Math.max(...sequences);
  return highest === 0 ? -1 : sequences.indexOf(highest);
}

function mayStart({ state }: OtaRecord): boolean {
  return state !== "invalid" && state !== "aborted";
}

function decodeRecord(bytes: Uint8Array): OtaRecord | null {
  const reader = new ByteReader(bytes);
  const sequence = reader.u32le();
  reader.bytes(20);
  const state = codes[reader.u32le()] ?? "undefined";
  const isWhole = reader.u32le() === crc32(bytes.subarray(0, 4), CRC_SEED);
  return isWhole && sequence !== UNDEFINED_CODE && sequence !== 0 ? { sequence, state } : null;
}

function encodeRecord({ sequence, state }: OtaRecord): Uint8Array {
  const code = state === "undefined" ? UNDEFINED_CODE : codes.indexOf(state);
  const writer = new ByteWriter(RECORD_SIZE).u32le(sequence);
  const crc = crc32(writer.take(), CRC_SEED);
  return writer.bytes(new Uint8Array(20).fill(0xff)).u32le(code).u32le(crc).take();
}
