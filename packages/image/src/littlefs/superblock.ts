import { ByteReader, ByteWriter, ProtocolError } from "@espx/proto";
import type { BlockDevice } from "./block-device.ts";
import type { Metadata } from "./metadata.ts";
import { tagType } from "./tag.ts";

/** On-disk version: 2.1 added a checksum of what was erased behind a commit. */
export type LittlefsVersion = "2.0" | "2.1";

/** What a littlefs was formatted with. */
export interface Superblock {
  readonly version: LittlefsVersion;
  readonly blockSizeBytes: number;
  readonly blockCount: number;
  readonly nameMaxBytes: number;
  readonly fileMaxBytes: number;
  readonly attributeMaxBytes: number;
}

export const SUPERBLOCK_MAGIC = new TextEncoder().encode("littlefs");
export const SUPERBLOCK_SIZE = 24;
const VERSIONS: Readonly<Record<number, LittlefsVersion>> = { 0x20000: "2.0", 0x20001: "2.1" };

/** True when the first file of `metadata` is a superblock's: that pair is then the root directory, or before it. */
export function hasSuperblock(metadata: Metadata): boolean {
  const name = metadata.entries[0]?.name;
  return name?.type === tagType.superblock && name.data.every((byte, index) => byte === SUPERBLOCK_MAGIC[index]);
}

/**
 * Shape: version (u32, major in the upper half), block size, block count, longest name, largest file, largest
 * attribute (u32 each, bytes).
 *
 * @throws ProtocolError `image/littlefs-bad-value`, `image/littlefs-version-unsupported`, `image/littlefs-bad-geometry`
 * @source littlefs SPEC.md, "LFS_TYPE_SUPERBLOCK"
 */
export function decodeSuperblock(metadata: Metadata, device: BlockDevice): Superblock {
  const struct = metadata.entries[0]?.struct;
  if (struct?.type !== tagType.inlineStruct || struct.data.length < SUPERBLOCK_SIZE) {
    throw new ProtocolError("image/littlefs-bad-value", "the littlefs superblock has no whole configuration");
  }
  const reader = new ByteReader(struct.data);
  const versionCode = reader.u32le();
  const version = VERSIONS[versionCode];
  if (version === undefined) {
    const text = `${versionCode >>> 16}.${versionCode & 0xffff}`;
    throw new ProtocolError(
      "image/littlefs-version-unsupported",
      `littlefs has version ${text}, this espx reads 2.0, 2.1`,
    );
  }
  const blockSizeBytes = reader.u32le();
  const blockCount = reader.u32le();
  checkGeometry(device, blockSizeBytes, blockCount);
  const [nameMaxBytes, fileMaxBytes, attributeMaxBytes] = [reader.u32le(), reader.u32le(), reader.u32le()];
  return { version, blockSizeBytes, blockCount, nameMaxBytes, fileMaxBytes, attributeMaxBytes };
}

export function encodeSuperblock(superblock: Superblock): Uint8Array {
  return new ByteWriter(SUPERBLOCK_SIZE)
    .u32le(superblock.version === "2.0" ? 0x20000 : 0x20001)
    .u32le(superblock.blockSizeBytes)
    .u32le(superblock.blockCount)
    .u32le(superblock.nameMaxBytes)
    .u32le(superblock.fileMaxBytes)
    .u32le(superblock.attributeMaxBytes)
    .take();
}

function checkGeometry(device: BlockDevice, blockSizeBytes: number, blockCount: number): void {
  if (blockSizeBytes === device.blockSizeBytes && blockCount <= device.blockCount) return;
  throw new ProtocolError(
    "image/littlefs-bad-geometry",
    `littlefs has ${blockCount} blocks of ${blockSizeBytes} bytes, expected at most ${device.blockCount} of ${device.blockSizeBytes}`,
  );
}
