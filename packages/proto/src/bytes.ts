import { ProtocolError } from "./errors.ts";

/** Reads fields in order from bytes; every read is bounds-checked. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16le(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A view of the next `count` bytes, not a copy. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** @throws ProtocolError `proto/truncated` when fewer than `count` bytes are left */
  #take(count: number): number {
    if (count > this.remaining) {
      throw new ProtocolError(
        "proto/truncated",
        `needs ${count} bytes at offset ${this.#offset}, has ${this.remaining}`,
      );
    }
    const start = this.#offset;
    this.#offset += count;
    return start;
  }
}

/** Writes fields in order into a buffer of fixed size. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#advance(1), value);
    return this;
  }

  u16le(value: number): this {
    this.#view.setUint16(this.#advance(2), value, true);
    return this;
  }

  u32le(value: number): this {
    this.#view.setUint32(this.#advance(4), value, true);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#bytes.set(value, this.#advance(value.length));
    return this;
  }

  /** The bytes written so far, as a view. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }

  #advance(count: number): number {
    const start = this.#offset;
    this.#offset += count;
    return start;
  }
}

/** Lower-case hexadecimal, two digits a byte. */
export function formatHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @throws ProtocolError `proto/bad-hex` when `text` is not an even number of hexadecimal digits */
export function parseHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new ProtocolError("proto/bad-hex", `"${text}" is not pairs of hexadecimal digits`);
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Each byte as the character of its number.
 *
 * The decoder that the web calls `latin1` is another: it has a euro sign at 0x80, in browsers and since Node 23.
 */
export function formatLatin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
