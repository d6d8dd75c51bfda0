import { InternalError } from "@espx/proto";

/** The smallest piece that can be erased. */
export const sectorBytes = 4096;
/** The larger piece that is erased in less time than its sectors. */
export const blockBytes = 65_536;

/** Flash sizes that chips come with. */
export const flashSizes = [1, 2, 4, 8, 16, 32].map((mebibytes) => mebibytes * 1024 * 1024);

/** What reads and changes a flash chip by address. */
export interface FlashAccess {
  readonly sizeBytes: number;
  /** A copy of `length` bytes from `offset`. */
  read(offset: number, length: number): Uint8Array;
  /** Programs bytes: bits go from 1 to 0 only, what is 0 stays 0. */
  program(offset: number, bytes: Uint8Array): void;
  /** Sets whole sectors, those that `length` bytes from `offset` touch, to 0xff. */
  erase(offset: number, length: number): void;
}

/**
 * A NOR flash chip as an array of bytes, kept in blocks: an erased one takes no memory, and one that was given by
 * {@link FlashMemory.share} is copied when it is first changed.
 *
 * Blocks are shared memory, so that a board's worker reads them without a copy.
 */
export class FlashMemory implements FlashAccess {
  readonly sizeBytes: number;
  readonly #blocks: (Uint8Array | undefined)[];
  readonly #shared = new Set<number>();

  constructor(sizeBytes: number, blocks?: readonly (Uint8Array | undefined)[]) {
    this.sizeBytes = sizeBytes;
    const count = sizeBytes / blockBytes;
    this.#blocks = Array.from({ length: count }, (_, index) => blocks?.[index]);
    for (const index of this.#blocks.keys()) if (this.#blocks[index] !== undefined) this.#shared.add(index);
  }

  /** The blocks as they are now, to be read, or to make another memory from; this one copies before it changes them. */
  share(): readonly (Uint8Array | undefined)[] {
    for (const [index, block] of this.#blocks.entries()) if (block !== undefined) this.#shared.add(index);
    return [...this.#blocks];
  }

  read(offset: number, length: number): Uint8Array {
    this.#assertInside(offset, length);
    const bytes = new Uint8Array(length).fill(0xff);
    this.#each(offset, length, ({ index, within, at, count }) => {
      const block = this.#blocks[index];
      if (block !== undefined) bytes.set(block.subarray(within, within + count), at);
    });
    return bytes;
  }

  program(offset: number, bytes: Uint8Array): void {
    this.#assertInside(offset, bytes.length);
    this.#each(offset, bytes.length, ({ index, within, at, count }) => {
      const block = this.#own(index);
      for (let position = 0; position < count; position++) {
        block[within + position] = (block[within + position] as number) & (bytes[at + position] as number);
      }
    });
  }

  erase(offset: number, length: number): void {
    const start = offset - (offset % sectorBytes);
    const end = Math.ceil((offset + length) / sectorBytes) * sectorBytes;
    this.#assertInside(start, end - start);
    this.#each(start, end - start, ({ index, within, count }) => {
      if (count === blockBytes) this.#drop(index);
      else if (this.#blocks[index] !== undefined) this.#own(index).fill(0xff, within, within + count);
    });
  }

  /** Erases and programs at once, as a programmer does: what stood there does not matter. */
  replace(offset: number, bytes: Uint8Array): void {
    this.#assertInside(offset, bytes.length);
    this.#each(offset, bytes.length, ({ index, within, at, count }) => {
      this.#own(index).set(bytes.subarray(at, at + count), within);
    });
  }

  #drop(index: number): void {
    this.#blocks[index] = undefined;
    this.#shared.delete(index);
  }

  /** The block, to be changed. */
  #own(index: number): Uint8Array {
    const block = this.#blocks[index];
    if (block !== undefined && !this.#shared.has(index)) return block;
    const own = new Uint8Array(new SharedArrayBuffer(blockBytes));
    if (block === undefined) own.fill(0xff);
    else own.set(block);
    this.#blocks[index] = own;
    this.#shared.delete(index);
    return own;
  }

  #each(offset: number, length: number, visit: (piece: Piece) => void): void {
    for (let at = 0; at < length;) {
      const index = Math.floor((offset + at) / blockBytes);
      const within = (offset + at) % blockBytes;
      const count = Math.min(blockBytes - within, length - at);
      visit({ index, within, at, count });
      at += count;
    }
  }

  #assertInside(offset: number, length: number): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.sizeBytes) return;
    throw new InternalError(
      "sim/flash-outside",
      `${length} bytes at 0x${offset.toString(16)} lie outside of a flash of 0x${this.sizeBytes.toString(16)} bytes`,
    );
  }
}

/** A part of one block: `count` bytes at `within`, which are those from `at` on of what is read or written. */
interface Piece {
  readonly index: number;
  readonly within: number;
  readonly at: number;
  readonly count: number;
}

/** Whether all of `bytes` are erased. */
export function isErased(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0xff);
}
