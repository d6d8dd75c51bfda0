import { FlashRefusal } from "./file-errno.ts";
import { findPlace, splitPath, type EntryPlace, type FlashNode, type FolderNode } from "./flash-tree.ts";

/** Both ends of a rename that the rules allow. */
export interface RenameTarget {
  readonly source: EntryPlace & { readonly node: FlashNode };
  readonly place: EntryPlace;
  /** What the rename replaces; the source itself when both names are one. */
  readonly replaced: FlashNode | undefined;
}

/**
 * Checks a rename by the rules of littlefs, which are those of POSIX.
 *
 * @throws FlashRefusal ENOENT, EINVAL (a folder into itself), EISDIR, ENOTDIR, ENOTEMPTY
 */
export function renameTarget(root: FolderNode, from: string, to: string): RenameTarget {
  const source = findPlace(root, from);
  const { node } = source;
  if (node === undefined) throw new FlashRefusal("ENOENT", from);
  const fromPath = `/${splitPath(from).join("/")}/`;
  const toPath = `/${splitPath(to).join("/")}/`;
  if (toPath !== fromPath && toPath.startsWith(fromPath)) throw new FlashRefusal("EINVAL", to);
  const place = findPlace(root, to);
  const replaced = place.node;
  if (replaced !== undefined && replaced !== node) {
    if (replaced.kind === "folder" && node.kind === "file") throw new FlashRefusal("EISDIR", to);
    if (replaced.kind === "file" && node.kind === "folder") throw new FlashRefusal("ENOTDIR", to);
    if (replaced.kind === "folder" && replaced.entries.size > 0) throw new FlashRefusal("ENOTEMPTY", to);
  }
  return { source: { ...source, node }, place, replaced };
}
