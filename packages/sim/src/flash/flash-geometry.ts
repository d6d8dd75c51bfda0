import type { FlashNode } from "./flash-tree.ts";

/** Bytes of one erasable block; files take whole blocks. */
export const blockBytes = 4096;

/** Size of the vfs partition when none is given: what MicroPython has on 4 MiB boards. */
export const defaultFlashBytes = 2 * 1024 * 1024;

/** Files up to this size live inside littlefs's metadata and take no block of their own. */
const inlineBytes = 128;

/** How the file system of a board treats a power cut; see {@link FlashStore}. */
export type FileSystemKind = "littlefs" | "fat";

function fileBlocks(kind: FileSystemKind, sizeBytes: number): number {
  if (kind === "littlefs" && sizeBytes <= inlineBytes) return 0;
  return Math.ceil(sizeBytes / blockBytes);
}

/**
 * Blocks that a node takes: a model, close to littlefs and FAT but not their exact layout.
 *
 * Shape: a folder is a metadata pair (littlefs) or one cluster; a littlefs file that is being rewritten takes the
 * blocks of its old and its new content until it is closed.
 */
export function nodeBlocks(kind: FileSystemKind, node: FlashNode): number {
  if (node.kind === "folder") return kind === "littlefs" ? 2 : 1;
  const unsynced = node.unsynced === undefined ? 0 : fileBlocks(kind, node.unsynced.size);
  return fileBlocks(kind, node.durable.length) + unsynced;
}
