import { ByteReader, ByteWriter } from "@espx/proto";

/** Commands of ROM and stub. @source esptool documentation, "Serial Protocol", "Commands" */
export const command = {
  flashBegin: 0x02,
  flashData: 0x03,
  flashEnd: 0x04,
  memBegin: 0x05,
  memEnd: 0x06,
  memData: 0x07,
  sync: 0x08,
  writeRegister: 0x09,
  readRegister: 0x0a,
  spiSetParameters: 0x0b,
  spiAttach: 0x0d,
  readFlashSlow: 0x0e,
  changeBaud: 0x0f,
  deflateBegin: 0x10,
  deflateData: 0x11,
  deflateEnd: 0x12,
  flashMd5: 0x13,
  securityInfo: 0x14,
  eraseFlash: 0xd0,
  eraseRegion: 0xd1,
  readFlash: 0xd2,
  runUserCode: 0xd3,
} as const;

/** Why a command fails, as ROM and stub number it. @source esptool documentation, "Status bytes" */
export const failure = {
  invalidMessage: 0x05,
  failedToAct: 0x06,
  invalidChecksum: 0x07,
  flashWriteError: 0x08,
  flashReadError: 0x09,
  flashReadLength: 0x0a,
  deflateError: 0x0b,
} as const;

export type Failure = (typeof failure)[keyof typeof failure];

/** What a host asks. */
export interface RomRequest {
  readonly op: number;
  /** Of the data behind the 16 bytes that every block starts with; only blocks have one. */
  readonly checksum: number;
  readonly data: Uint8Array;
}

/** What a chip answers. */
export interface RomReply {
  readonly op: number;
  readonly value?: number;
  readonly data?: Uint8Array;
  readonly failure?: Failure;
}

const headerBytes = 8;

/**
 * Shape: 0, op, length of the data (u16), checksum (u32), data.
 *
 * @returns undefined for what is no request, which a chip does not answer
 */
export function decodeRequest(packet: Uint8Array): RomRequest | undefined {
  if (packet.length < headerBytes || packet[0] !== 0) return undefined;
  const reader = new ByteReader(packet.subarray(1));
  const op = reader.u8();
  const length = reader.u16le();
  const checksum = reader.u32le();
  return length === reader.remaining ? { op, checksum, data: reader.bytes(length) } : undefined;
}

/**
 * Shape: 1, op, length of what follows the value (u16), value (u32), data, then status and reason: two bytes, of which the
 * ROM sends two more that mean nothing.
 */
export function encodeReply(reply: RomReply, statusBytes: 2 | 4): Uint8Array {
  const data = reply.data ?? new Uint8Array();
  const status = new Uint8Array(statusBytes);
  if (reply.failure !== undefined) status.set([1, reply.failure]);
  return new ByteWriter(headerBytes + data.length + statusBytes)
    .u8(1)
    .u8(reply.op)
    .u16le(data.length + statusBytes)
    .u32le((reply.value ?? 0) >>> 0)
    .bytes(data)
    .bytes(status)
    .take();
}

/** A block of data: length, sequence, 8 bytes of nothing, the bytes. Undefined when it is shorter than it says. */
export function blockOf(data: Uint8Array): { readonly sequence: number; readonly bytes: Uint8Array } | undefined {
  if (data.length < 16) return undefined;
  const reader = new ByteReader(data);
  const length = reader.u32le();
  const sequence = reader.u32le();
  reader.bytes(8);
  return length === reader.remaining ? { sequence, bytes: reader.bytes(length) } : undefined;
}

/** XOR of all bytes and 0xef. */
export function blockChecksum(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum ^ byte, 0xef);
}

/** The first `count` words of a command, or undefined when there are fewer. */
export function wordsOf(data: Uint8Array, count: number): number[] | undefined {
  if (data.length < 4 * count) return undefined;
  const reader = new ByteReader(data);
  return Array.from({ length: count }, () => reader.u32le());
}
