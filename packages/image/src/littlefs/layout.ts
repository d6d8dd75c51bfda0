import { RefusedError } from "@espx/proto";
import { type DirectoryContent, type TreeNode, sortedChildren } from "./directory-tree.ts";
import { SUPERBLOCK_MAGIC, SUPERBLOCK_SIZE } from "./superblock.ts";
import { TAG_SIZE } from "./tag.ts";

/** Files of one metadata pair, in order. */
export interface PairPlan {
  readonly directory: DirectoryContent;
  readonly nodes: readonly TreeNode[];
  readonly isFirstOfDirectory: boolean;
}

/** Room in a metadata block. */
export interface PairRoom {
  /** What a pair is filled to where one file more or less decides. */
  readonly comfortableBytes: number;
  /** What a block can hold at all. */
  readonly largestBytes: number;
  /** Up to here a file's content lies with its name. */
  readonly inlineMaxBytes: number;
}

/** A driver keeps ids below this, so that a pair can still take a file before it is split. */
const IDS_PER_PAIR = 0xfe;
const TAIL_SIZE = TAG_SIZE + 8;
const SUPERBLOCK_STORED = 2 * TAG_SIZE + SUPERBLOCK_MAGIC.length + SUPERBLOCK_SIZE;

/**
 * Shares the files of all directories out over metadata pairs; the root's first pair comes first, and the pairs of a
 * directory follow each other.
 *
 * @throws RefusedError `image/littlefs-unfit` when the attributes of one file alone are more than a block
 */
export function planPairs(root: DirectoryContent, room: PairRoom): readonly PairPlan[] {
  const plans: PairPlan[] = [];
  const open: DirectoryContent[] = [root];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    const children = sortedChildren(directory);
    const groups = group(children, room, directory === root ? SUPERBLOCK_STORED : 0);
    for (const [index, nodes] of groups.entries()) plans.push({ directory, nodes, isFirstOfDirectory: index === 0 });
    open.push(...children.flatMap(({ content }) => (content.kind === "directory" ? [content] : [])));
  }
  return plans;
}

function group(nodes: readonly TreeNode[], room: PairRoom, reserved: number): readonly (readonly TreeNode[])[] {
  const groups: TreeNode[][] = [[]];
  let used = reserved + TAIL_SIZE;
  for (const node of nodes) {
    const size = storedNodeSize(node, room);
    const last = groups.at(-1) as TreeNode[];
    const isFull = last.length === IDS_PER_PAIR || used + size > room.comfortableBytes;
    if (isFull && (last.length > 0 || used + size > room.largestBytes)) {
      groups.push([]);
      used = TAIL_SIZE;
    }
    if (used + size > room.largestBytes) throw tooLarge(node, size, room);
    groups.at(-1)?.push(node);
    used += size;
  }
  return groups;
}

function storedNodeSize({ name, content, attributes }: TreeNode, room: PairRoom): number {
  const isInline = content.kind === "file" && content.data.length <= room.inlineMaxBytes;
  let size = TAG_SIZE + name.length + TAG_SIZE + (isInline ? content.data.length : 8);
  for (const value of attributes.values()) size += TAG_SIZE + value.length;
  return size;
}

function tooLarge(node: TreeNode, size: number, room: PairRoom): RefusedError {
  return new RefusedError(
    "image/littlefs-unfit",
    `${node.path} needs ${size} bytes for its name and attributes, a block has room for ${room.largestBytes}`,
    { hint: "shorten its attributes, or use larger blocks" },
  );
}
