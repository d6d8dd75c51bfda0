import { blockBytes, nodeBlocks, type FileSystemKind } from "./flash-geometry.ts";
import type { FlashNode } from "./flash-tree.ts";

/** Blocks of the root folder and of the file system itself. */
const ownBlocks = 2;

/** Counts the blocks that a flash has left while its nodes come, change and go. */
export class BlockBudget {
  readonly blockCount: number;
  readonly #kind: FileSystemKind;
  #usedBlocks = ownBlocks;
  #reservedBlocks: number;

  constructor(kind: FileSystemKind, capacityBytes: number, reservedBlocks: number) {
    this.blockCount = Math.floor(capacityBytes / blockBytes);
    this.#kind = kind;
    this.#reservedBlocks = reservedBlocks;
  }

  get freeBlocks(): number {
    return Math.max(0, this.blockCount - this.#usedBlocks - this.#reservedBlocks);
  }

  /** Blocks taken away by {@link BlockBudget.limitFree}. */
  get reservedBlocks(): number {
    return this.#reservedBlocks;
  }

  /** Leaves only `freeBytes` of free space (rounded down to blocks), or all there is with null. */
  limitFree(freeBytes: number | null): void {
    this.#reservedBlocks = 0;
    if (freeBytes !== null) this.#reservedBlocks = Math.max(0, this.freeBlocks - Math.floor(freeBytes / blockBytes));
  }

  add(node: FlashNode): void {
    this.#usedBlocks += nodeBlocks(this.#kind, node);
  }

  remove(node: FlashNode): void {
    this.#usedBlocks -= nodeBlocks(this.#kind, node);
  }

  /** Runs `change`, which may make the node larger or smaller. */
  resize(node: FlashNode, change: () => void): void {
    this.remove(node);
    change();
    this.add(node);
  }
}
