import { RefusedError } from "@espx/proto";
import type { LittlefsEntry } from "./tree.ts";

/** A file or directory on its way into an image. */
export interface TreeNode {
  readonly path: string;
  /** UTF-8, 1..255 bytes. */
  readonly name: Uint8Array;
  readonly attributes: ReadonlyMap<number, Uint8Array>;
  readonly content: { readonly kind: "file"; readonly data: Uint8Array } | DirectoryContent;
}

/** What is in a directory. */
export interface DirectoryContent {
  readonly kind: "directory";
  readonly children: Map<string, TreeNode>;
}

/** What the target was, or will be, formatted with. */
export interface TreeLimits {
  readonly nameMaxBytes: number;
  readonly attributeMaxBytes: number;
}

/**
 * Builds the tree that a flat list describes; directories that only stand in paths are made.
 *
 * @throws RefusedError `image/littlefs-unfit`
 */
export function buildTree(entries: readonly LittlefsEntry[], limits: TreeLimits): DirectoryContent {
  const root: DirectoryContent = { kind: "directory", children: new Map() };
  for (const entry of entries) {
    const parts = splitPath(entry.path);
    let parent = root;
    for (const [depth, part] of parts.slice(0, -1).entries()) {
      parent = directoryAt(parent, `/${parts.slice(0, depth + 1).join("/")}`, part, limits);
    }
    place(parent, newNode(entry, parts.at(-1) as string, limits));
  }
  return root;
}

/**
 * The children in the order in which a driver looks them up: by the bytes of their names, a name before one that it
 * starts with.
 */
export function sortedChildren(directory: DirectoryContent): readonly TreeNode[] {
  return [...directory.children.values()].toSorted((a, b) => compareBytes(a.name, b.name));
}

function splitPath(path: string): readonly string[] {
  const parts = path.split("/");
  const names = parts.slice(1);
  if (parts[0] !== "" || names.some((name) => name === "" || name === "." || name === ".."))
    throw unfit(path, "is not absolute and plain");
  return names;
}

function directoryAt(parent: DirectoryContent, path: string, name: string, limits: TreeLimits): DirectoryContent {
  const node = parent.children.get(name) ?? newNode({ kind: "directory", path }, name, limits);
  if (node.content.kind === "file") throw unfit(path, "is a file and a directory");
  parent.children.set(name, node);
  return node.content;
}

function newNode(entry: LittlefsEntry, name: string, limits: TreeLimits): TreeNode {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length > limits.nameMaxBytes)
    throw unfit(entry.path, `has a name of ${bytes.length} bytes, at most ${limits.nameMaxBytes}`);
  const attributes = entry.attributes ?? new Map<number, Uint8Array>();
  for (const [type, value] of attributes) {
    const fits = Number.isInteger(type) && type >= 0 && type <= 255 && value.length <= limits.attributeMaxBytes;
    if (!fits) throw unfit(entry.path, `has attribute ${type} of ${value.length} bytes`);
  }
  const content: TreeNode["content"] =
    entry.kind === "file" ? { kind: "file", data: entry.data } : { kind: "directory", children: new Map() };
  return { path: entry.path, name: bytes, attributes, content };
}

/** A directory may be listed after what is in it: it then only brings its attributes. */
function place(parent: DirectoryContent, node: TreeNode): void {
  const name = node.path.slice(node.path.lastIndexOf("/") + 1);
  const present = parent.children.get(name);
  if (present === undefined) parent.children.set(name, node);
  else if (present.content.kind === "file" || node.content.kind === "file") throw unfit(node.path, "occurs twice");
  else parent.children.set(name, { ...node, content: present.content });
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return b.length - a.length;
}

function unfit(path: string, why: string): RefusedError {
  return new RefusedError("image/littlefs-unfit", `${path} ${why}`, {
    hint: "rename it, or leave it out of the image",
  });
}
