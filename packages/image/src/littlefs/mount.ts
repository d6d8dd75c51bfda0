import { ProtocolError } from "@espx/proto";
import type { BlockDevice, BlockPair } from "./block-device.ts";
import { GlobalState } from "./global-state.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import { type Superblock, decodeSuperblock, hasSuperblock } from "./superblock.ts";

/** What is known once the thread through all metadata pairs was followed. */
export interface Mounted {
  readonly superblock: Superblock;
  readonly root: BlockPair;
  readonly state: GlobalState;
  /** Blocks of superblock pairs before the root directory. */
  readonly leadingBlocks: number;
}

/**
 * Follows the thread through all metadata pairs: it holds the superblock, the root and the global state.
 *
 * @throws ProtocolError as `readLittlefs` does
 */
export function mount(device: BlockDevice): Mounted {
  const state = new GlobalState();
  const seen = new Set<number>();
  let holder: Metadata | null = null;
  let leadingBlocks = -2;
  let metadata = readFirst(device);
  for (;;) {
    if (hasSuperblock(metadata)) {
      holder = metadata;
      leadingBlocks += 2;
    }
    state.add(metadata.moveState);
    const tail = metadata.tail;
    if (tail === null) break;
    if (seen.has(tail.pair[0])) {
      throw new ProtocolError(
        "image/littlefs-shared-block",
        `the thread of directories meets block ${tail.pair[0]} twice`,
      );
    }
    seen.add(tail.pair[0]);
    metadata = readMetadata(device, tail.pair);
  }
  if (holder === null) throw notFormatted();
  return { superblock: decodeSuperblock(holder, device), root: holder.pair, state, leadingBlocks };
}

function readFirst(device: BlockDevice): Metadata {
  try {
    return readMetadata(device, [0, 1]);
  } catch (cause) {
    throw notFormatted(cause);
  }
}

function notFormatted(cause?: unknown): ProtocolError {
  return new ProtocolError("image/littlefs-not-formatted", "blocks 0 and 1 hold no littlefs superblock", { cause });
}
