import { ByteReader, ByteWriter, ProtocolError, formatHex, parseHex } from "@espx/proto";
import type { EspImage } from "./image.ts";

/** What an application says of itself. */
export interface AppDescription {
  /** Counter against old firmware, 0..2^32-1. */
  readonly secureVersion: number;
  /** At most 31 bytes; so are the next and `idfVersion`. */
  readonly version: string;
  readonly projectName: string;
  /** At most 15 bytes, as the compiler's `__TIME__` and `__DATE__`. */
  readonly time: string;
  readonly date: string;
  readonly idfVersion: string;
  /** SHA-256 of the ELF file, 64 hexadecimal digits. */
  readonly elfSha256: string;
  /** Lowest and highest eFuse block revision, major * 100 + minor. */
  readonly minEfuseBlockRevision: number;
  readonly maxEfuseBlockRevision: number;
  /** Page size of the memory mapping as a power of two, 0 for 64 KiB. */
  readonly mmuPageSizeLog2: number;
}

export const APP_DESCRIPTION_SIZE = 256;
/** Place in an image: at the start of its first segment. */
export const APP_DESCRIPTION_OFFSET = 32;
const MAGIC = 0xabcd5432;
const utf8 = new TextDecoder();

/**
 * Shape: magic 0xabcd5432, secure version (u32), 8 spare, version and project name (32 each), time, date (16 each),
 * IDF version, ELF SHA-256 (32 each), eFuse revisions (u16 each), page size (u8), 75 spare; texts end with 0.
 *
 * @throws ProtocolError `image/app-no-description` when the first segment is too short or starts otherwise
 * @source ESP-IDF esp_app_format/include/esp_app_desc.h, `esp_app_desc_t`
 */
export function appDescriptionOf(image: EspImage): AppDescription {
  return decodeAppDescription(image.segments[0]?.data ?? new Uint8Array());
}

/**
 * {@link appDescriptionOf} from the bytes alone: the first 256 of the first segment, 32 behind the start of an image.
 *
 * @throws ProtocolError `image/app-no-description`
 */
export function decodeAppDescription(data: Uint8Array): AppDescription {
  if (data.length < APP_DESCRIPTION_SIZE || new ByteReader(data).u32le() !== MAGIC) {
    throw new ProtocolError(
      "image/app-no-description",
      "the first segment does not start with an application description",
    );
  }
  const reader = new ByteReader(data.subarray(4));
  const secureVersion = reader.u32le();
  reader.bytes(8);
  const version = text(reader.bytes(32));
  const projectName = text(reader.bytes(32));
  const time = text(reader.bytes(16));
  const date = text(reader.bytes(16));
  const idfVersion = text(reader.bytes(32));
  const elfSha256 = formatHex(reader.bytes(32));
  const minEfuseBlockRevision = reader.u16le();
  const maxEfuseBlockRevision = reader.u16le();
  const mmuPageSizeLog2 = reader.u8();
  return {
    secureVersion,
    version,
    projectName,
    time,
    date,
    idfVersion,
    elfSha256,
    minEfuseBlockRevision,
    maxEfuseBlockRevision,
    mmuPageSizeLog2,
  };
}

/**
 * Encode a description, to be the start of the first segment of an image. Texts that are too long are cut.
 *
 * @throws ProtocolError `proto/bad-hex` when `elfSha256` is not hexadecimal
 * @source as {@link appDescriptionOf}
 */
export function encodeAppDescription(description: AppDescription): Uint8Array {
  const writer = new ByteWriter(APP_DESCRIPTION_SIZE).u32le(MAGIC).u32le(description.secureVersion);
  writer.bytes(new Uint8Array(8));
  writer.bytes(field(description.version, 32)).bytes(field(description.projectName, 32));
  writer.bytes(field(description.time, 16)).bytes(field(description.date, 16));
  writer.bytes(field(description.idfVersion, 32)).bytes(fixed(parseHex(description.elfSha256), 32));
  writer.u16le(description.minEfuseBlockRevision).u16le(description.maxEfuseBlockRevision);
  writer.u8(description.mmuPageSizeLog2);
  return writer.bytes(new Uint8Array(APP_DESCRIPTION_SIZE - writer.take().length)).take();
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function field(value: string, size: number): Uint8Array {
  return fixed(new TextEncoder().encode(value).subarray(0, size - 1), size);
}

function fixed(value: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(value.subarray(0, size));
  return bytes;
}
