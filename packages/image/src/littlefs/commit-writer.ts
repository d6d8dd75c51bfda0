import { checksum } from "./checksum.ts";
import type { BlockPair } from "./block-device.ts";
import { NO_ID, TAG_SIZE, type Tag, encodeTag, storedSize, tagType } from "./tag.ts";

/** A tag without its length, which its data has. */
export interface NewTag extends Omit<Tag, "length"> {
  readonly data: Uint8Array;
}

/** How commits are closed. */
export interface CommitOptions {
  readonly blockSizeBytes: number;
  /** A commit is padded to this, so that the next one can be written behind it. */
  readonly programSizeBytes: number;
  /** Adds the checksum of the erased bytes behind the commit, which a 2.1 driver wants to see to append. */
  readonly hasForwardCrc: boolean;
}

const REVISION_SIZE = 4;
const FORWARD_CRC_SIZE = TAG_SIZE + 8;
const COMMIT_CRC_SIZE = TAG_SIZE + 4;

/** Bytes of a block that {@link writeBlock} needs besides the tags. */
export function commitOverhead({ programSizeBytes }: CommitOptions): number {
  return REVISION_SIZE + FORWARD_CRC_SIZE + COMMIT_CRC_SIZE + programSizeBytes;
}

/**
 * Makes a metadata block with one commit; what is behind it stays erased.
 *
 * @source littlefs SPEC.md, "Directories / Metadata pairs", "LFS_TYPE_CRC", "LFS_TYPE_FCRC"
 */
export function writeBlock(tags: readonly NewTag[], options: CommitOptions): Uint8Array {
  const writer = new BlockWriter(options.blockSizeBytes);
  writer.revision(1);
  for (const tag of tags) writer.tag(tag);
  const { programSizeBytes, blockSizeBytes, hasForwardCrc } = options;
  const end = alignUp(writer.offset + (hasForwardCrc ? FORWARD_CRC_SIZE : 0) + COMMIT_CRC_SIZE, programSizeBytes);
  if (hasForwardCrc && end + programSizeBytes <= blockSizeBytes) {
    const erased = checksum(new Uint8Array(programSizeBytes).fill(0xff));
    writer.tag({ type: tagType.forwardCrc, id: NO_ID, data: pairBytes([programSizeBytes, erased]) });
  }
  return writer.close(Math.min(end, blockSizeBytes));
}

/** Two 32-bit values, as pairs, lists and sizes are stored. */
export function pairBytes(pair: BlockPair): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pair[0], true);
  view.setUint32(4, pair[1], true);
  return bytes;
}

class BlockWriter {
  offset = REVISION_SIZE;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #before = 0xffffffff;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes).fill(0xff);
    this.#view = new DataView(this.#bytes.buffer);
  }

  revision(revision: number): void {
    this.#view.setUint32(0, revision, true);
  }

  tag({ data, ...rest }: NewTag): void {
    const tag = { ...rest, length: data.length };
    this.#put(tag);
    this.#bytes.set(data, this.offset + TAG_SIZE);
    this.offset += storedSize(tag);
  }

  /** The CRC covers everything up to and with its own tag; the padding to `end` belongs to its data. */
  close(end: number): Uint8Array {
    const crcAt = this.offset + TAG_SIZE;
    this.#put({ type: tagType.commitCrc, id: NO_ID, length: end - crcAt });
    this.#view.setUint32(crcAt, checksum(this.#bytes.subarray(0, crcAt)), true);
    return this.#bytes;
  }

  #put(tag: Tag): void {
    const value = encodeTag(tag);
    this.#view.setUint32(this.offset, (value ^ this.#before) >>> 0);
    this.#before = value;
  }
}

function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
