import { ByteReader, ByteWriter } from "@espx/proto";

const headerBytes = 8;

/** What a chip answered to one command. */
export interface LoaderReply {
  readonly op: number;
  /** What READ_REG answers. */
  readonly value: number;
  /** Data, then status and reason, and what the ROM adds to them. */
  readonly body: Uint8Array;
}

/** Shape: 0, op, length of the data (u16), checksum (u32), data. */
export function encodeRequest(op: number, data: Uint8Array, checksum = 0): Uint8Array {
  return new ByteWriter(headerBytes + data.length).u8(0).u8(op).u16le(data.length).u32le(checksum).bytes(data).take();
}

/**
 * Shape: 1, op, length (u16), value (u32), body.
 *
 * @returns undefined for what is no reply
 */
export function decodeReply(packet: Uint8Array): LoaderReply | undefined {
  if (packet.length < headerBytes || packet[0] !== 1) return undefined;
  const reader = new ByteReader(packet.subarray(1));
  const op = reader.u8();
  const length = reader.u16le();
  const value = reader.u32le();
  return { op, value, body: reader.bytes(Math.min(length, reader.remaining)) };
}

/** Little-endian words one after the other. */
export function words(...values: readonly number[]): Uint8Array {
  const writer = new ByteWriter(4 * values.length);
  for (const value of values) writer.u32le(value >>> 0);
  return writer.take();
}

/** A block of data: length, sequence, 8 bytes of nothing, the bytes. */
export function encodeBlock(sequence: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter(16 + bytes.length).u32le(bytes.length).u32le(sequence).u32le(0).u32le(0).bytes(bytes).take();
}

/** XOR of all bytes and 0xef. */
export function blockChecksum(bytes: Uint8Array): number {
  let sum = 0xef;
  for (const byte of bytes) sum ^= byte;
  return sum;
}
