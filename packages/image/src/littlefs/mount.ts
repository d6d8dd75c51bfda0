import { ProtocolError, isEspxError } from "@espx/proto";
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
  const first = readFirst(device);
  const state = new GlobalState();
  let mounted: Mounted = { superblock: decodeSuperblock(first, device), root: first.pair, state, leadingBlocks: 0 };
  for (const metadata of thread(device, first)) {
    state.add(metadata.moveState);
    if (metadata === first || !hasSuperblock(metadata)) continue;
    const superblock = decodeSuperblock(metadata, device);
    mounted = { superblock, root: metadata.pair, state, leadingBlocks: mounted.leadingBlocks + 2 };
  }
  return mounted;
}

function* thread(device: BlockDevice, first: Metadata): Generator<Metadata> {
  const seen = new Set<number>();
  yield first;
  for (let tail = first.tail; tail !== null;) {
    const block = tail.pair[0];
    if (seen.has(block)) {
      throw new ProtocolError("image/littlefs-shared-block", `the thread of directories meets block ${block} twice`);
    }
    seen.add(block);
    const metadata = readMetadata(device, tail.pair);
    yield metadata;
    tail = metadata.tail;
  }
}

function readFirst(device: BlockDevice): Metadata {
  try {
    const first = readMetadata(device, [0, 1]);
    if (hasSuperblock(first)) return first;
  } catch (cause) {
    if (!isEspxError(cause, "image/littlefs-corrupt")) throw cause;
  }
  throw new ProtocolError("image/littlefs-not-formatted", "blocks 0 and 1 hold no littlefs superblock");
}
