import { ByteWriter, RefusedError } from "@espx/proto";
import { IMAGE_HEADER_SIZE, type ImageHeader, MAX_SEGMENTS, encodeImageHeader } from "./header.ts";
import {
  type Digest,
  type ImageSegment,
  SEGMENT_HEADER_SIZE,
  SHA256_SIZE,
  checksumEnd,
  segmentChecksum,
} from "./image.ts";

/** What an image is made of. */
export interface ImageParts {
  readonly header: ImageHeader;
  /** At most 16; data is padded with zeros to a multiple of 4 bytes. */
  readonly segments: readonly ImageSegment[];
}

/**
 * Build an image, with the SHA-256 behind it when the header wants one.
 *
 * @param sha256 - 32 bytes of digest
 * @throws RefusedError `image/app-unfit` with more than 16 segments
 * @source as `decodeEspImage`
 */
export function encodeEspImage({ header, segments }: ImageParts, sha256: Digest): Uint8Array {
  if (segments.length > MAX_SEGMENTS) {
    throw new RefusedError("image/app-unfit", `image has ${segments.length} segments, at most ${MAX_SEGMENTS}`);
  }
  const padded = segments.map(({ address, data }) => ({ address, data: padToWord(data) }));
  const size = padded.reduce((sum, { data }) => sum + SEGMENT_HEADER_SIZE + data.length, IMAGE_HEADER_SIZE);
  const hashedSize = checksumEnd(size);
  const writer = new ByteWriter(hashedSize + (header.hasHash ? SHA256_SIZE : 0));
  writer.bytes(encodeImageHeader(header, padded.length));
  for (const { address, data } of padded) writer.u32le(address).u32le(data.length).bytes(data);
  writer.bytes(new Uint8Array(hashedSize - size - 1)).u8(segmentChecksum(padded));
  if (header.hasHash) writer.bytes(sha256(writer.take()));
  return writer.take();
}

function padToWord(data: Uint8Array): Uint8Array {
  if (data.length % 4 === 0) return data;
  const padded = new Uint8Array((data.length + 3) & ~3);
  padded.set(data);
  return padded;
}
