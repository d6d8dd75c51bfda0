import { ByteReader, ByteWriter, ProtocolError } from "@espx/proto";

/** First 24 bytes of an application or boot loader image. */
export interface ImageHeader {
  /** Code 0..255: 0 qio, 1 qout, 2 dio, 3 dout; see `flashSettingsOf`. */
  readonly flashMode: number;
  /** Code 0..15, chip by chip another clock. */
  readonly flashFrequency: number;
  /** Code 0..15: 2^code MiB. */
  readonly flashSize: number;
  /** Address at which the chip starts. */
  readonly entry: number;
  /** 0xee says that the write-protect pin is not remapped. */
  readonly writeProtectPin: number;
  /** Drive strengths of the flash pins, three bytes as they stand. */
  readonly pinDrive: readonly [number, number, number];
  readonly chipId: number;
  /** Lowest chip revision as old boot loaders read it: major number only. */
  readonly minChipRevisionMajor: number;
  /** Lowest and highest chip revision, major * 100 + minor; highest 65535 means any. */
  readonly minChipRevision: number;
  readonly maxChipRevision: number;
  /** Whether a SHA-256 follows the checksum. */
  readonly hasHash: boolean;
}

export const IMAGE_HEADER_SIZE = 24;
export const IMAGE_MAGIC = 0xe9;
export const MAX_SEGMENTS = 16;

/** A header for images that nobody remaps pins for; `overrides` replaces fields. */
export function imageHeader(overrides: Partial<ImageHeader>): ImageHeader {
  return {
    flashMode: 2,
    flashFrequency: 0xf,
    flashSize: 2,
    entry: 0,
    writeProtectPin: 0xee,
    pinDrive: [0, 0, 0],
    chipId: 0,
    minChipRevisionMajor: 0,
    minChipRevision: 0,
    maxChipRevision: 0xffff,
    hasHash: true,
    ...overrides,
  };
}

/**
 * Shape: magic 0xe9, segment count, flash mode, clock and size (4 bits each), entry (u32), 16 bytes of extended header.
 *
 * @param bytes - at least 24 bytes
 * @throws ProtocolError `image/app-truncated`, `image/app-bad-magic`, `image/app-bad-value`
 * @source ESP-IDF bootloader_support/include/esp_app_format.h, `esp_image_header_t`
 */
export function decodeImageHeader(bytes: Uint8Array): { readonly header: ImageHeader; readonly segmentCount: number } {
  if (bytes.length > 0 && bytes[0] !== IMAGE_MAGIC) {
    const got = (bytes[0] as number).toString(16).padStart(2, "0");
    throw new ProtocolError("image/app-bad-magic", `image starts with 0x${got}, expected 0xe9`);
  }
  if (bytes.length < IMAGE_HEADER_SIZE) {
    throw new ProtocolError("image/app-truncated", `image has ${bytes.length} bytes, its header alone has 24`);
  }
  const reader = new ByteReader(bytes.subarray(1, IMAGE_HEADER_SIZE));
  const segmentCount = reader.u8();
  const flashMode = reader.u8();
  const sizeAndFrequency = reader.u8();
  const header = {
    flashMode,
    flashFrequency: sizeAndFrequency & 0xf,
    flashSize: sizeAndFrequency >> 4,
    entry: reader.u32le(),
    writeProtectPin: reader.u8(),
    pinDrive: [reader.u8(), reader.u8(), reader.u8()] as const,
    chipId: reader.u16le(),
    minChipRevisionMajor: reader.u8(),
    minChipRevision: reader.u16le(),
    maxChipRevision: reader.u16le(),
    hasHash: hasHash(bytes[23] as number),
  };
  if (segmentCount > MAX_SEGMENTS) {
    throw new ProtocolError("image/app-bad-value", `image has ${segmentCount} segments, at most ${MAX_SEGMENTS}`);
  }
  return { header, segmentCount };
}

/** @source as {@link decodeImageHeader} */
export function encodeImageHeader(header: ImageHeader, segmentCount: number): Uint8Array {
  return new ByteWriter(IMAGE_HEADER_SIZE)
    .u8(IMAGE_MAGIC)
    .u8(segmentCount)
    .u8(header.flashMode)
    .u8((header.flashSize << 4) | header.flashFrequency)
    .u32le(header.entry)
    .u8(header.writeProtectPin)
    .bytes(Uint8Array.from(header.pinDrive))
    .u16le(header.chipId)
    .u8(header.minChipRevisionMajor)
    .u16le(header.minChipRevision)
    .u16le(header.maxChipRevision)
    .u32le(0)
    .u8(header.hasHash ? 1 : 0)
    .take();
}

function hasHash(flag: number): boolean {
  if (flag > 1)
    throw new ProtocolError("image/app-bad-value", `image says ${flag} whether a hash follows, expected 0 or 1`);
  return flag === 1;
}
