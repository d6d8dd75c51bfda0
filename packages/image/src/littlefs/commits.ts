import { CHECKSUM_START, checksum } from "./checksum.ts";
import { DELETED, TAG_SIZE, type Tag, decodeTag, storedSize, tagType } from "./tag.ts";

/** A tag with its data, as it stands in a commit. */
export interface TaggedData extends Tag {
  readonly data: Uint8Array;
}

/** What the whole commits of a metadata block say, oldest first. */
export interface BlockCommits {
  readonly revision: number;
  readonly tags: readonly TaggedData[];
}

const INVALID = 0x80000000;

/**
 * Reads the commits of one metadata block up to the first that is not whole: that one was torn, or never written.
 *
 * Shape: revision (u32 little-endian), then tags (u32 big-endian, each XORed with the one before) with their data.
 * A CRC tag ends a commit and may set the valid bit that the next commit's tags carry.
 * @returns null when not even the first commit is whole
 * @source littlefs SPEC.md, "Directories / Metadata pairs"
 */
export function readCommits(block: Uint8Array): BlockCommits | null {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const committed: TaggedData[] = [];
  let pending: TaggedData[] = [];
  let isWhole = false;
  let before = 0xffffffff;
  let crc = checksum(block.subarray(0, 4));
  for (let offset = 4; offset + TAG_SIZE <= block.length;) {
    const value = (view.getUint32(offset) ^ before) >>> 0;
    const tag = decodeTag(value);
    const end = offset + storedSize(tag);
    if (value >= INVALID || end > block.length) break;
    const dataAt = offset + TAG_SIZE;
    if (isCommitCrc(tag)) {
      const wanted = dataAt + 4 <= block.length ? view.getUint32(dataAt, true) : -1;
      if (checksum(block.subarray(offset, dataAt), crc) !== wanted) break;
      committed.push(...pending);
      pending = [];
      isWhole = true;
      crc = CHECKSUM_START;
      before = (tag.type & 1) === 1 ? (value ^ INVALID) >>> 0 : value;
    } else {
      crc = checksum(block.subarray(offset, end), crc);
      pending.push({ ...tag, data: block.subarray(dataAt, end) });
      before = value;
    }
    offset = end;
  }
  return isWhole ? { revision: view.getUint32(0, true), tags: committed } : null;
}

function isCommitCrc(tag: Tag): boolean {
  return (tag.type & 0x780) === tagType.commitCrc && tag.length !== DELETED;
}
