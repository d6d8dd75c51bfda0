import { RefusedError } from "@espx/proto";
import type { BlockPair } from "./block-device.ts";
import { type CommitOptions, type NewTag, commitOverhead, pairBytes, writeBlock } from "./commit-writer.ts";
import { type DirectoryContent, type TreeNode, buildTree } from "./directory-tree.ts";
import { type PairPlan, planPairs } from "./layout.ts";
import { cutSkipList, skipListBlocks } from "./skip-list.ts";
import { type LittlefsVersion, SUPERBLOCK_MAGIC, encodeSuperblock } from "./superblock.ts";
import { NO_ID, tagType } from "./tag.ts";
import type { LittlefsEntry } from "./tree.ts";

/** What a littlefs is formatted with; the defaults are those of MicroPython on an ESP32. */
export interface LittlefsWriteOptions {
  /** Size of the partition, at least two blocks. */
  readonly sizeBytes: number;
  /** Default 4096; at least 128. */
  readonly blockSizeBytes?: number;
  /** Default 32, at most 512. */
  readonly programSizeBytes?: number;
  /** Largest file that lies with its name; a driver's cache must hold it. Default 128, at most 1022. */
  readonly inlineMaxBytes?: number;
  /** Default 2.1, which drivers from littlefs 2.6 on read and write; 2.0 is for older ones. */
  readonly version?: LittlefsVersion;
  /** Longest name. Default 255. */
  readonly nameMaxBytes?: number;
}

const FILE_MAX = 0x7fffffff;
const ATTRIBUTE_MAX = 1022;

/**
 * Make a littlefs that a driver can mount, read, and go on writing to.
 *
 * Shape: blocks 0 and 1 are the root with the superblock; directories and files follow in tree order; the rest is
 * erased (0xff).
 * @throws RefusedError `image/littlefs-full`, `image/littlefs-unfit`
 * @source littlefs SPEC.md
 */
export function makeLittlefs(entries: readonly LittlefsEntry[], options: LittlefsWriteOptions): Uint8Array {
  const settings = { ...defaults, ...options };
  checkSettings(settings);
  const writer = new ImageWriter(settings);
  const limits = { nameMaxBytes: settings.nameMaxBytes, attributeMaxBytes: ATTRIBUTE_MAX };
  return writer.write(buildTree(entries, limits));
}

const defaults = {
  blockSizeBytes: 4096,
  programSizeBytes: 32,
  inlineMaxBytes: 128,
  version: "2.1",
  nameMaxBytes: 255,
} as const;

type Settings = Required<LittlefsWriteOptions>;

function checkSettings({ blockSizeBytes, programSizeBytes, inlineMaxBytes, nameMaxBytes }: Settings): void {
  const isPossible =
    blockSizeBytes >= 128 &&
    programSizeBytes >= 1 &&
    programSizeBytes <= 512 &&
    inlineMaxBytes <= ATTRIBUTE_MAX &&
    nameMaxBytes <= ATTRIBUTE_MAX;
  if (isPossible) return;
  throw new RefusedError(
    "image/littlefs-unfit",
    `blocks of ${blockSizeBytes}, programs of ${programSizeBytes}, inline files of ${inlineMaxBytes} or names of ${nameMaxBytes} bytes are none that littlefs has`,
  );
}

class ImageWriter {
  readonly #settings: Settings;
  readonly #commit: CommitOptions;
  readonly #blockCount: number;
  readonly #blocks: { readonly block: number; readonly bytes: Uint8Array }[] = [];
  #nextBlock = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#blockCount = Math.floor(settings.sizeBytes / settings.blockSizeBytes);
    this.#commit = { ...settings, hasForwardCrc: settings.version !== "2.0" };
  }

  write(root: DirectoryContent): Uint8Array {
    const plans = planPairs(root, this.#room());
    const pairs = plans.map((): BlockPair => [this.#nextBlock++, this.#nextBlock++]);
    const pairOf = new Map<DirectoryContent, BlockPair>();
    for (const [index, plan] of plans.entries())
      if (plan.isFirstOfDirectory) pairOf.set(plan.directory, pairs[index] as BlockPair);
    for (const [index, plan] of plans.entries()) {
      const tags = [
        ...(index === 0 ? this.#superblockTags() : []),
        ...plan.nodes.flatMap((node, id) => this.#nodeTags(node, index === 0 ? id + 1 : id, pairOf)),
        ...tailTags(plans[index + 1], pairs[index + 1]),
      ];
      this.#blocks.push({ block: (pairs[index] as BlockPair)[0], bytes: writeBlock(tags, this.#commit) });
    }
    return this.#image();
  }

  #room(): { comfortableBytes: number; largestBytes: number; inlineMaxBytes: number } {
    const { blockSizeBytes, inlineMaxBytes } = this.#settings;
    const largestBytes = blockSizeBytes - commitOverhead(this.#commit);
    return { comfortableBytes: Math.min(largestBytes, blockSizeBytes / 2), largestBytes, inlineMaxBytes };
  }

  #superblockTags(): readonly NewTag[] {
    const { version, blockSizeBytes, nameMaxBytes } = this.#settings;
    const data = encodeSuperblock({
      version,
      blockSizeBytes,
      blockCount: this.#blockCount,
      nameMaxBytes,
      fileMaxBytes: FILE_MAX,
      attributeMaxBytes: ATTRIBUTE_MAX,
    });
    return [
      { type: tagType.superblock, id: 0, data: SUPERBLOCK_MAGIC },
      { type: tagType.inlineStruct, id: 0, data },
    ];
  }

  #nodeTags(node: TreeNode, id: number, pairOf: ReadonlyMap<DirectoryContent, BlockPair>): readonly NewTag[] {
    const { name, content, attributes } = node;
    const struct =
      content.kind === "directory"
        ? { type: tagType.directoryStruct, id, data: pairBytes(pairOf.get(content) as BlockPair) }
        : this.#fileStruct(content.data, id);
    const type = content.kind === "directory" ? tagType.directory : tagType.file;
    const attributeTags = [...attributes].map(([key, data]) => ({ type: tagType.userAttribute + key, id, data }));
    return [{ type, id, data: name }, struct, ...attributeTags];
  }

  #fileStruct(data: Uint8Array, id: number): NewTag {
    const { blockSizeBytes, inlineMaxBytes } = this.#settings;
    if (data.length <= inlineMaxBytes) return { type: tagType.inlineStruct, id, data };
    const count = skipListBlocks(data.length, blockSizeBytes);
    const numbers = Array.from({ length: count }, () => this.#nextBlock++);
    for (const [index, bytes] of cutSkipList(data, numbers, blockSizeBytes).entries()) {
      this.#blocks.push({ block: numbers[index] as number, bytes });
    }
    return { type: tagType.skipListStruct, id, data: pairBytes([numbers.at(-1) as number, data.length]) };
  }

  #image(): Uint8Array {
    const { sizeBytes, blockSizeBytes } = this.#settings;
    if (this.#nextBlock > this.#blockCount) {
      throw new RefusedError(
        "image/littlefs-full",
        `the files need ${this.#nextBlock} blocks of ${blockSizeBytes} bytes, the partition has ${this.#blockCount}`,
        { hint: "leave files out, or use a layout with a larger vfs partition" },
      );
    }
    const image = new Uint8Array(sizeBytes).fill(0xff);
    for (const { block, bytes } of this.#blocks) image.set(bytes, block * blockSizeBytes);
    return image;
  }
}

function tailTags(next: PairPlan | undefined, pair: BlockPair | undefined): readonly NewTag[] {
  if (next === undefined || pair === undefined) return [];
  const type = next.isFirstOfDirectory ? tagType.softTail : tagType.hardTail;
  return [{ type, id: NO_ID, data: pairBytes(pair) }];
}
