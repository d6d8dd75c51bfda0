import { FlashRefusal } from "./file-errno.ts";
import type { FileContent } from "./file-content.ts";

/** A file: what survives a power cut, and what was written since but is not yet safe. */
export interface FileNode {
  readonly kind: "file";
  durable: Uint8Array;
  /** Undefined when nothing is waiting for a sync or close. */
  unsynced: FileContent | undefined;
  /** Seconds of the board's clock. */
  mtimeS: number;
}

/** A folder with its entries by name. */
export interface FolderNode {
  readonly kind: "folder";
  readonly entries: Map<string, FlashNode>;
}

export type FlashNode = FileNode | FolderNode;

/** Longest name of one path component, as littlefs has it. */
const nameMax = 255;

export function newFolder(): FolderNode {
  return { kind: "folder", entries: new Map() };
}

export function newFile(content: Uint8Array, mtimeS: number): FileNode {
  return { kind: "file", durable: content, unsynced: undefined, mtimeS };
}

/** Components of an absolute path; `.` and empty ones vanish, `..` goes up and stops at the root. */
export function splitPath(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts;
}

/** The node at `path`, or undefined; a file on the way counts as absent. */
export function findNode(root: FolderNode, path: string): FlashNode | undefined {
  let node: FlashNode = root;
  for (const part of splitPath(path)) {
    if (node.kind !== "folder") return undefined;
    const next = node.entries.get(part);
    if (next === undefined) return undefined;
    node = next;
  }
  return node;
}

/** Where an entry is or would be: its folder and its name. */
export interface EntryPlace {
  readonly folder: FolderNode;
  readonly name: string;
  readonly node: FlashNode | undefined;
}

/**
 * Finds the place of `path`.
 *
 * @throws FlashRefusal ENOENT or ENOTDIR for a missing folder, EINVAL for the root, ENAMETOOLONG
 */
export function findPlace(root: FolderNode, path: string): EntryPlace {
  const parts = splitPath(path);
  const name = parts.pop();
  if (name === undefined) throw new FlashRefusal("EINVAL", path);
  if (new TextEncoder().encode(name).length > nameMax) throw new FlashRefusal("ENAMETOOLONG", path);
  let folder = root;
  for (const part of parts) {
    const next = folder.entries.get(part);
    if (next === undefined) throw new FlashRefusal("ENOENT", path);
    if (next.kind === "file") throw new FlashRefusal("ENOTDIR", path);
    folder = next;
  }
  return { folder, name, node: folder.entries.get(name) };
}

/** Every node with its path, parents before children, in order of creation. */
export function* walk(root: FolderNode, base = ""): Generator<readonly [string, FlashNode]> {
  for (const [name, node] of root.entries) {
    const path = `${base}/${name}`;
    yield [path, node];
    if (node.kind === "folder") yield* walk(node, path);
  }
}
