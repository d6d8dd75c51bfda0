import { ProtocolError } from "@espx/proto";
import { type BlockDevice, type BlockPair, decodePair, isNoPair } from "./block-device.ts";
import { type BlockCommits, type TaggedData, readCommits } from "./commits.ts";
import { DELETED, NO_ID, kindOf, tagKind, tagType } from "./tag.ts";

/** What a metadata pair says about one of its files. */
export interface MetadataEntry {
  /** Its name tag (kind of file, name as data), once there is one. */
  name: TaggedData | undefined;
  /** Where its content is. */
  struct: TaggedData | undefined;
  readonly attributes: Map<number, Uint8Array>;
}

/** What a metadata pair says after all its commits. */
export interface Metadata {
  readonly pair: BlockPair;
  readonly entries: readonly MetadataEntry[];
  readonly tail: { readonly pair: BlockPair; readonly isSameDirectory: boolean } | null;
  /** This pair's part of the global state, 12 bytes, or null. */
  readonly moveState: Uint8Array | null;
}

/**
 * Reads the newer whole block of a pair and applies its commits in order.
 *
 * @throws ProtocolError `image/littlefs-corrupt` when neither block is whole, `image/littlefs-bad-value`
 * @source littlefs SPEC.md, "Directories / Metadata pairs", "Metadata types"
 */
export function readMetadata(device: BlockDevice, pair: BlockPair): Metadata {
  const commits = newest(pair.map((block) => (device.has(block) ? readCommits(device.read(block)) : null)));
  if (commits === null) {
    throw new ProtocolError(
      "image/littlefs-corrupt",
      `neither block ${pair[0]} nor block ${pair[1]} holds a whole commit`,
    );
  }
  const fold = new MetadataFold(pair);
  for (const tag of commits.tags) fold.apply(tag);
  return fold;
}

// Revisions wrap around, so the sign of their 32-bit difference decides.
function newest(candidates: readonly (BlockCommits | null)[]): BlockCommits | null {
  const [first = null, second = null] = candidates;
  if (first === null || second === null) return first ?? second;
  return ((second.revision - first.revision) | 0) > 0 ? second : first;
}

class MetadataFold implements Metadata {
  readonly pair: BlockPair;
  readonly entries: MetadataEntry[] = [];
  tail: Metadata["tail"] = null;
  moveState: Uint8Array | null = null;

  constructor(pair: BlockPair) {
    this.pair = pair;
  }

  apply(tag: TaggedData): void {
    switch (kindOf(tag.type)) {
      case tagKind.name:
        this.#at(tag.id).name = tag;
        break;
      case tagKind.struct:
        this.#change(tag.id, (entry) => (entry.struct = tag));
        break;
      case tagKind.userAttribute:
        this.#change(tag.id, (entry) => setAttribute(entry, tag));
        break;
      case tagKind.splice:
        this.#splice(tag);
        break;
      case tagKind.tail:
        this.#setTail(tag);
        break;
      case tagKind.globalState:
        if (tag.type === tagType.moveState) this.moveState = withLength(tag, 12);
        break;
      default:
    }
  }

  /** A name may stand at an id that no tag created: a compacted block leaves the create tags out. */
  #at(id: number): MetadataEntry {
    if (id === NO_ID) throw new ProtocolError("image/littlefs-bad-value", "a name tag belongs to no file");
    while (this.entries.length <= id) this.entries.push(emptyEntry());
    return this.entries[id] as MetadataEntry;
  }

  #change(id: number, change: (entry: MetadataEntry) => unknown): void {
    const entry = this.entries[id];
    if (entry !== undefined) change(entry);
  }

  #splice({ type, id }: TaggedData): void {
    if (id > this.entries.length || id === NO_ID) {
      throw new ProtocolError(
        "image/littlefs-bad-value",
        `a tag moves file ${id} of block pair ${this.pair.join(", ")}, which has ${this.entries.length}`,
      );
    }
    if (type === tagType.create) this.entries.splice(id, 0, emptyEntry());
    else if (type === tagType.delete) this.entries.splice(id, 1);
  }

  #setTail(tag: TaggedData): void {
    const pair = decodePair(withLength(tag, 8));
    this.tail = isNoPair(pair) ? null : { pair, isSameDirectory: (tag.type & 1) === 1 };
  }
}

function emptyEntry(): MetadataEntry {
  return { name: undefined, struct: undefined, attributes: new Map() };
}

function setAttribute(entry: MetadataEntry, tag: TaggedData): void {
  if (tag.length === DELETED) entry.attributes.delete(tag.type & 0xff);
  else entry.attributes.set(tag.type & 0xff, tag.data);
}

function withLength(tag: TaggedData, length: number): Uint8Array {
  if (tag.data.length >= length) return tag.data;
  throw new ProtocolError(
    "image/littlefs-bad-value",
    `tag 0x${tag.type.toString(16)} has ${tag.data.length} bytes, expected ${length}`,
  );
}
