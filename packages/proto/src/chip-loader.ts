import { ByteReader, ByteWriter } from "./bytes.ts";

/** Commands of a chip's ROM loader; from 0xd0 on, of the flasher stub only. @source esptool documentation, "Serial Protocol" */
export const loaderCommand = {
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
export const loaderFailure = {
  /** Also for a command that it does not know, or does not allow in Secure Download Mode. */
  invalidMessage: 0x05,
  failedToAct: 0x06,
  /** A block came with a wrong checksum and was not used: it may be sent again. */
  invalidChecksum: 0x07,
  flashWriteError: 0x08,
  flashReadError: 0x09,
  flashReadLength: 0x0a,
  deflateError: 0x0b,
} as const;

export type LoaderFailure = (typeof loaderFailure)[keyof typeof loaderFailure];

/** What a host asks. */
export interface LoaderRequest {
  readonly op: number;
  /** Of the bytes of a block; only blocks have one. */
  readonly checksum: number;
  readonly data: Uint8Array;
}

/** What a chip answered, as it came. */
export interface LoaderReply {
  readonly op: number;
  /** What READ_REG answers. */
  readonly value: number;
  /** Data, then status and reason, and what the ROM adds to them. */
  readonly body: Uint8Array;
}

/** What a chip answers. */
export interface LoaderAnswer {
  readonly op: number;
  readonly value?: number;
  readonly data?: Uint8Array;
  readonly failure?: LoaderFailure;
}

const headerBytes = 8;

/** Shape: 0, op, length of the data (u16), checksum (u32), data. */
export function encodeLoaderRequest(op: number, data: Uint8Array, checksum = 0): Uint8Array {
  return new ByteWriter(headerBytes + data.length).u8(0).u8(op).u16le(data.length).u32le(checksum).bytes(data).take();
}

/** @returns undefined for what is no request, which a chip does not answer */
export function decodeLoaderRequest(packet: Uint8Array): LoaderRequest | undefined {
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
export function encodeLoaderReply(answer: LoaderAnswer, statusBytes: 2 | 4): Uint8Array {
  const data = answer.data ?? new Uint8Array();
  const status = new Uint8Array(statusBytes);
  if (answer.failure !== undefined) status.set([1, answer.failure]);
  return new ByteWriter(headerBytes + data.length + statusBytes)
    .u8(1)
    .u8(answer.op)
    .u16le(data.length + statusBytes)
    .u32le((answer.value ?? 0) >>> 0)
    .bytes(data)
    .bytes(status)
    .take();
}

/** @returns undefined for what is no reply */
export function decodeLoaderReply(packet: Uint8Array): LoaderReply | undefined {
  if (packet.length < headerBytes || packet[0] !== 1) return undefined;
  const reader = new ByteReader(packet.subarray(1));
  const op = reader.u8();
  const length = reader.u16le();
  const value = reader.u32le();
  return { op, value, body: reader.bytes(Math.min(length, reader.remaining)) };
}

/** A block of data: length, sequence, 8 bytes of nothing, the bytes. */
export function encodeLoaderBlock(sequence: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter(16 + bytes.length).u32le(bytes.length).u32le(sequence).u32le(0).u32le(0).bytes(bytes).take();
}

/** @returns undefined when it is not as long as it says */
export function decodeLoaderBlock(
  data: Uint8Array,
): { readonly sequence: number; readonly bytes: Uint8Array } | undefined {
  if (data.length < 16) return undefined;
  const reader = new ByteReader(data);
  const length = reader.u32le();
  const sequence = reader.u32le();
  reader.bytes(8);
  return length === reader.remaining ? { sequence, bytes: reader.bytes(length) } : undefined;
}

/** XOR of all bytes and 0xef. */
export function loaderChecksum(bytes: Uint8Array): number {
  let sum = 0xef;
  for (const byte of bytes) sum ^= byte;
  return sum;
}

/** Little-endian words one after the other, as commands carry them. */
export function encodeWords(...values: readonly number[]): Uint8Array {
  const writer = new ByteWriter(4 * values.length);
  for (const value of values) writer.u32le(value >>> 0);
  return writer.take();
}

/** The first `count` words of a command, or undefined when there are fewer. */
export function decodeWords(data: Uint8Array, count: number): number[] | undefined {
  if (data.length < 4 * count) return undefined;
  const reader = new ByteReader(data);
  return Array.from({ length: count }, () => reader.u32le());
}
