import { ProtocolError } from "@espx/proto";

/** The blocks of an image, each of which only one owner may claim while it is read. */
export class BlockDevice {
  readonly blockSizeBytes: number;
  readonly blockCount: number;
  readonly #image: Uint8Array;
  readonly #owners = new Map<number, string>();

  constructor(image: Uint8Array, blockSizeBytes: number) {
    this.#image = image;
    this.blockSizeBytes = blockSizeBytes;
    this.blockCount = Math.floor(image.length / blockSizeBytes);
  }

  get claimedCount(): number {
    return this.#owners.size;
  }

  has(block: number): boolean {
    return block < this.blockCount;
  }

  /** A view of one block; only for a block that {@link has} knows. */
  read(block: number): Uint8Array {
    return this.#image.subarray(block * this.blockSizeBytes, (block + 1) * this.blockSizeBytes);
  }

  /**
   * Notes that `block` belongs to `owner`: no walk over blocks can then run in a circle, and no image can hold more
   * than its own size.
   *
   * @throws ProtocolError `image/littlefs-shared-block`
   */
  claim(block: number, owner: string): Uint8Array {
    const other = this.#owners.get(block);
    if (!this.has(block) || other !== undefined) {
      const why = other === undefined ? `there are ${this.blockCount}` : `it belongs to ${other}`;
      throw new ProtocolError("image/littlefs-shared-block", `${owner} claims block ${block}, but ${why}`);
    }
    this.#owners.set(block, owner);
    return this.read(block);
  }
}

/** Two blocks of which the newer, whole one holds. */
export type BlockPair = readonly [number, number];

const NO_BLOCK = 0xffffffff;

/** @param data - at least 8 bytes */
export function decodePair(data: Uint8Array): BlockPair {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return [view.getUint32(0, true), view.getUint32(4, true)];
}

export function isNoPair(pair: BlockPair): boolean {
  return pair[0] === NO_BLOCK || pair[1] === NO_BLOCK;
}

/** Pairs are equal when they name one block in common: after a relocation the other may differ. */
export function samePair(a: BlockPair, b: BlockPair): boolean {
  return a[0] === b[0] || a[1] === b[1] || a[0] === b[1] || a[1] === b[0];
}
