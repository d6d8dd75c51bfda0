import { ByteReader, ProtocolError } from "@espx/proto";
import { IMAGE_HEADER_SIZE, type ImageHeader, decodeImageHeader } from "./header.ts";

/** Bytes and where the boot loader puts or maps them. */
export interface ImageSegment {
  readonly address: number;
  /** A multiple of 4 bytes; a view when decoded. */
  readonly data: Uint8Array;
}

/** A segment with its place in the image: that of its data, behind its 8-byte header. */
export interface PlacedSegment extends ImageSegment {
  readonly offset: number;
}

/** An application or boot loader image. */
export interface EspImage {
  readonly header: ImageHeader;
  readonly segments: readonly PlacedSegment[];
  /** XOR of all segment bytes and 0xef. */
  readonly checksum: number;
  /** The SHA-256 that stands at the end, or null when the header says there is none. */
  readonly hash: Uint8Array | null;
  /** How many bytes the hash covers: everything before it. */
  readonly hashedSizeBytes: number;
  /** With the hash; what lies behind in flash does not belong to it, but for a signature. */
  readonly sizeBytes: number;
}

/** Gives the digest of bytes: SHA-256 (32 bytes) or MD5 (16), as the name of the parameter says. */
export type Digest = (bytes: Uint8Array) => Uint8Array;

/** How strictly an image is read. */
export interface ImageDecodeOptions {
  /** Checks the hash; without it the hash is only returned. */
  readonly sha256?: Digest;
  /** Takes a checksum or hash that does not fit, which is else thrown: for those who show what is wrong. */
  readonly onMismatch?: (error: ProtocolError) => void;
}

const CHECKSUM_START = 0xef;
export const SEGMENT_HEADER_SIZE = 8;
export const SHA256_SIZE = 32;

/**
 * Decode an image, which may be followed by other bytes, as it is in a partition.
 *
 * Shape: header (24 bytes), segments (address u32, length u32, data), zeros up to the last byte of a 16-byte line,
 * which is the checksum, then 32 bytes SHA-256 of everything before, when the header says so.
 * @throws ProtocolError `image/app-truncated`, `image/app-bad-magic`, `image/app-bad-value`,
 *   `image/app-segment-outside`, `image/app-bad-checksum`, `image/app-bad-hash`
 * @source ESP-IDF bootloader_support/src/esp_image_format.c
 */
export function decodeEspImage(bytes: Uint8Array, options: ImageDecodeOptions = {}): EspImage {
  const { header, segmentCount } = decodeImageHeader(bytes);
  const segments: PlacedSegment[] = [];
  let offset = IMAGE_HEADER_SIZE;
  for (let index = 0; index < segmentCount; index++) {
    const segment = readSegment(bytes, offset, index, segmentCount);
    segments.push(segment);
    offset = segment.offset + segment.data.length;
  }
  const hashedSizeBytes = checksumEnd(offset);
  const mismatch = options.onMismatch ?? throwIt;
  const checksum = readChecksum(bytes, hashedSizeBytes, { segments, mismatch });
  const hash = header.hasHash ? readHash(bytes, hashedSizeBytes, { sha256: options.sha256, mismatch }) : null;
  return { header, segments, checksum, hash, hashedSizeBytes, sizeBytes: hashedSizeBytes + (hash?.length ?? 0) };
}

/** Where the checksum ends that follows segments up to `offset`. */
export function checksumEnd(offset: number): number {
  return (offset + 16) & ~15;
}

export function segmentChecksum(segments: readonly ImageSegment[]): number {
  let checksum = CHECKSUM_START;
  for (const { data } of segments) for (const byte of data) checksum ^= byte;
  return checksum;
}

function readSegment(bytes: Uint8Array, offset: number, index: number, count: number): PlacedSegment {
  const name = `segment ${index + 1} of ${count}`;
  if (bytes.length < offset + SEGMENT_HEADER_SIZE) {
    throw new ProtocolError("image/app-truncated", `image ends at ${bytes.length}, inside the header of ${name}`);
  }
  const reader = new ByteReader(bytes.subarray(offset, offset + SEGMENT_HEADER_SIZE));
  const address = reader.u32le();
  const length = reader.u32le();
  const start = offset + SEGMENT_HEADER_SIZE;
  if (length > bytes.length - start) {
    throw new ProtocolError(
      "image/app-segment-outside",
      `${name} has ${length} bytes from offset ${start}, the image has ${bytes.length}`,
      { hint: "the file was cut short, or is no ESP image; fetch or build it again" },
    );
  }
  if (length % 4 !== 0) {
    throw new ProtocolError("image/app-bad-value", `${name} has ${length} bytes, expected a multiple of 4`);
  }
  return { address, data: bytes.subarray(start, start + length), offset: start };
}

type Mismatch = (error: ProtocolError) => void;

const throwIt: Mismatch = (error) => {
  throw error;
};

function readChecksum(
  bytes: Uint8Array,
  end: number,
  { segments, mismatch }: { readonly segments: readonly ImageSegment[]; readonly mismatch: Mismatch },
): number {
  if (bytes.length < end) {
    throw new ProtocolError("image/app-truncated", `image has ${bytes.length} bytes, its checksum is at ${end - 1}`);
  }
  const got = bytes[end - 1] as number;
  const expected = segmentChecksum(segments);
  if (got !== expected) {
    const message = `checksum is 0x${got.toString(16)}, expected 0x${expected.toString(16)}`;
    mismatch(new ProtocolError("image/app-bad-checksum", message, { hint: damagedHint }));
  }
  return got;
}

const damagedHint = "the file was damaged or changed after it was built; fetch or build it again";

function readHash(
  bytes: Uint8Array,
  start: number,
  { sha256, mismatch }: { readonly sha256: Digest | undefined; readonly mismatch: Mismatch },
): Uint8Array {
  const hash = bytes.slice(start, start + SHA256_SIZE);
  if (hash.length < SHA256_SIZE) {
    throw new ProtocolError("image/app-truncated", `image has ${bytes.length} bytes, its hash ends at ${start + 32}`);
  }
  const expected = sha256?.(bytes.subarray(0, start));
  if (expected !== undefined && hash.some((byte, index) => byte !== expected[index])) {
    const message = "the SHA-256 at the end of the image does not fit its bytes";
    mismatch(new ProtocolError("image/app-bad-hash", message, { hint: damagedHint }));
  }
  return hash;
}
