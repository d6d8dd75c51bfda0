import { crc32 } from "@espx/proto";

export const CHECKSUM_START = 0xffffffff;

/**
 * littlefs's CRC-32: zlib's polynomial, started with all ones, not inverted at the end.
 *
 * @source littlefs SPEC.md, "Metadata block fields"
 */
export function checksum(bytes: Uint8Array, before = CHECKSUM_START): number {
  return ~crc32(bytes, ~before) >>> 0;
}
