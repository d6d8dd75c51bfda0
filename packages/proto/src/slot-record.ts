import { ByteReader, ByteWriter } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import { ProtocolError } from "./errors.ts";

/** One of the two application sets of a board. */
export type SlotName = "a" | "b";

/** `trial` until the set proves itself; `dev` was placed by hand and never falls back. */
export type SlotState = "trial" | "confirmed" | "dev";

/** Which set runs, and what to go back to. Two of them alternate on flash; the one with the higher `count` holds. */
export interface SlotRecord {
  /** Grows by one with every record written, 1..2^32-1. */
  readonly count: number;
  readonly slot: SlotName;
  readonly state: SlotState;
  /** Starts that a set on trial still has, 0..255; 0 otherwise. */
  readonly attemptsLeft: number;
  /** SHA-256 of the config file as 64 hexadecimal digits, or null for `/config.txt`. */
  readonly config: string | null;
  /** What runs again when the trial fails; null when there is nothing. */
  readonly previous: { readonly slot: SlotName; readonly config: string | null } | null;
  /** Highest release sequence ever confirmed over the air, 0 when none. */
  readonly floor: number;
}

export const SLOT_RECORD_SIZE_BYTES = 96;
export const SLOT_RECORD_PATHS = ["/state/slot0", "/state/slot1"] as const;
/** Starts that a new set is given. */
export const TRIAL_ATTEMPTS = 3;

const MAGIC = 0x58505345;
const VERSION = 1;
const HASH_SIZE = 32;
const states: readonly SlotState[] = ["trial", "confirmed", "dev"];

/**
 * Shape: 96 bytes little-endian, CRC-32 of the first 92 in the last 4.
 *
 * @source SPEC.md section 2
 */
export function encodeSlotRecord(record: SlotRecord): Uint8Array {
  const writer = new ByteWriter(SLOT_RECORD_SIZE_BYTES);
  writer
    .u32le(MAGIC)
    .u8(VERSION)
    .u8(record.slot.charCodeAt(0))
    .u8(states.indexOf(record.state))
    .u8(record.attemptsLeft);
  writer.u32le(record.count).u32le(record.floor);
  writer.u8(record.previous?.slot.charCodeAt(0) ?? 0).bytes(new Uint8Array(11));
  writer.bytes(hashBytes(record.config)).bytes(hashBytes(record.previous?.config ?? null));
  return writer.u32le(crc32(writer.take())).take();
}

/**
 * @throws ProtocolError `proto/truncated`, `proto/bad-length`, `proto/bad-magic`, `proto/bad-checksum`,
 *   `proto/version-unsupported`, `proto/bad-value`
 * @source SPEC.md section 2
 */
export function decodeSlotRecord(bytes: Uint8Array): SlotRecord {
  checkFrame(bytes);
  const reader = new ByteReader(bytes.subarray(5));
  const slot = slotName(reader.u8());
  const state = states[reader.u8()];
  if (slot === null || state === undefined)
    throw new ProtocolError("proto/bad-value", "slot record names no slot or state");
  const attemptsLeft = reader.u8();
  const count = reader.u32le();
  const floor = reader.u32le();
  const previousSlot = slotName(reader.u8());
  reader.bytes(11);
  const config = hashText(reader.bytes(HASH_SIZE));
  const previousConfig = hashText(reader.bytes(HASH_SIZE));
  const previous = previousSlot === null ? null : { slot: previousSlot, config: previousConfig };
  return { count, slot, state, attemptsLeft, config, previous, floor };
}

/** The name under which a config file with this SHA-256 lies on the board; null means the hand-placed one. */
export function configPath(sha256: string | null): string {
  return sha256 === null ? "/config.txt" : `/config-${sha256.slice(0, 8)}.txt`;
}

function checkFrame(bytes: Uint8Array): void {
  const reader = new ByteReader(bytes);
  const magic = reader.u32le();
  if (magic !== MAGIC) throw new ProtocolError("proto/bad-magic", `slot record starts with 0x${magic.toString(16)}`);
  const version = reader.u8();
  if (version !== VERSION) {
    throw new ProtocolError(
      "proto/version-unsupported",
      `slot record has version ${version}, this espx reads ${VERSION}`,
    );
  }
  if (bytes.length !== SLOT_RECORD_SIZE_BYTES) {
    throw new ProtocolError(
      "proto/bad-length",
      `slot record has ${bytes.length} bytes, expected ${SLOT_RECORD_SIZE_BYTES}`,
    );
  }
  const body = bytes.subarray(0, SLOT_RECORD_SIZE_BYTES - 4);
  if (new ByteReader(bytes.subarray(body.length)).u32le() !== crc32(body)) {
    throw new ProtocolError("proto/bad-checksum", "slot record has a wrong CRC-32");
  }
}

function slotName(code: number): SlotName | null {
  if (code === 0) return null;
  if (code !== 0x61 && code !== 0x62) throw new ProtocolError("proto/bad-value", `slot record names slot ${code}`);
  return code === 0x61 ? "a" : "b";
}

function hashBytes(hex: string | null): Uint8Array {
  const bytes = new Uint8Array(HASH_SIZE);
  if (hex !== null)
    bytes.set(Uint8Array.from({ length: HASH_SIZE }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)));
  return bytes;
}

function hashText(bytes: Uint8Array): string | null {
  if (bytes.every((byte) => byte === 0)) return null;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
