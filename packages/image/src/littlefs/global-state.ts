import { type BlockPair, decodePair, samePair } from "./block-device.ts";
import type { Metadata } from "./metadata.ts";
import { decodeTag, kindOf } from "./tag.ts";

/**
 * A move that a loss of power cut in two: the source still stands beside the target and counts as deleted.
 *
 * Shape of the state: tag (u32 little-endian: type 0x4ff, id of the source), block pair of the source (2 × u32).
 * Every pair holds a part; the XOR of all parts is the state.
 * @source littlefs SPEC.md, "LFS_TYPE_MOVESTATE"
 */
export class GlobalState {
  readonly #sum = new Uint8Array(12);

  add(part: Uint8Array | null): void {
    for (let index = 0; part !== null && index < this.#sum.length; index++) {
      this.#sum[index] = (this.#sum[index] as number) ^ (part[index] as number);
    }
  }

  /** The id in `metadata` that counts as deleted, or -1. */
  movedAway(metadata: Metadata): number {
    const tag = decodeTag(new DataView(this.#sum.buffer).getUint32(0, true));
    const source: BlockPair = decodePair(this.#sum.subarray(4));
    return kindOf(tag.type) !== 0 && samePair(source, metadata.pair) ? tag.id : -1;
  }
}
