import { BlockDevice } from "./block-device.ts";
import { DirectoryWalk } from "./directory-walk.ts";
import { mount } from "./mount.ts";
import type { Superblock } from "./superblock.ts";
import type { LittlefsEntry } from "./tree.ts";

/** What an image holds. */
export interface LittlefsImage extends Superblock {
  /** In the order of the image, directories before what is in them. */
  readonly entries: readonly LittlefsEntry[];
  /** Blocks that files and directories take; what `statvfs` of a board counts as used. */
  readonly usedBlocks: number;
}

/** How an image is to be read. */
export interface LittlefsReadOptions {
  /** Default 4096, the erase unit of an ESP32's flash. */
  readonly blockSizeBytes?: number;
}

/**
 * Read a whole littlefs, as it would be after a mount: torn commits are left out and a move that lost power counts
 * as done.
 *
 * @param image - the partition, at least as many bytes as the superblock says
 * @throws ProtocolError `image/littlefs-not-formatted`, `image/littlefs-version-unsupported`,
 *   `image/littlefs-bad-geometry`, `image/littlefs-corrupt`, `image/littlefs-bad-value`, `image/littlefs-shared-block`
 * @source littlefs SPEC.md
 */
export function readLittlefs(image: Uint8Array, options: LittlefsReadOptions = {}): LittlefsImage {
  const device = new BlockDevice(image, options.blockSizeBytes ?? 4096);
  const mounted = mount(device);
  const walk = new DirectoryWalk(device, mounted.state);
  const entries = walk.read(mounted.root);
  return { ...mounted.superblock, entries, usedBlocks: device.claimedCount + mounted.leadingBlocks };
}
