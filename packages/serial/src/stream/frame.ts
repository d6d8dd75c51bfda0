import { ByteWriter, crc32 } from "@espx/proto";

/** What a frame's content is; see `receiverScript`. */
export const frameKinds = { deflated: 1, stored: 2, end: 3 } as const;
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

const recordKinds = { data: 0, finish: 1, run: 2 } as const;

const CRC_BYTES = 4;

/** The bytes of one frame on the line: `length | kind << 13` (u16le), content, CRC-32 (u32le). */
export function encodeFrame(number: number, kind: FrameKind, content: Uint8Array): Uint8Array {
  const lengthBytes = content.length + CRC_BYTES;
  return new ByteWriter(2 + lengthBytes)
    .u16le(lengthBytes | (kind << 13))
    .bytes(content)
    .u32le(crc32(content, (number << 2) | kind))
    .take();
}

/** Bytes for the file that comes in, at most 65,535. */
export function dataRecord(bytes: Uint8Array): Uint8Array {
  return encodeRecord(recordKinds.data, bytes);
}

/** The end of the file that comes in: it must have this SHA-256, and gets this name. */
export function finishRecord(sha256: Uint8Array, path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  return encodeRecord(recordKinds.finish, new ByteWriter(sha256.length + name.length).bytes(sha256).bytes(name).take());
}

/** Python to run between files. */
export function runRecord(code: string): Uint8Array {
  return encodeRecord(recordKinds.run, new TextEncoder().encode(code));
}

function encodeRecord(kind: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter(3 + bytes.length).u8(kind).u16le(bytes.length).bytes(bytes).take();
}
