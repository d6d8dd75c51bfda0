import {
  decodeNvs,
  encodeMtime,
  encodeNvs,
  type LittlefsEntry,
  makeLittlefs,
  MTIME_ATTRIBUTE,
  mtimeOf,
  type NvsEntry,
  readLittlefs,
} from "@espx/image";
import type { NvsEntry as StoredNvsEntry, SnapshotNode } from "../flash/flash-snapshot.ts";
import { isErased, sectorBytes } from "./flash-memory.ts";

/** What a file system partition holds: files, nothing yet, or something that no driver would mount. */
export type FileSystemContent =
  | { readonly kind: "files"; readonly nodes: readonly SnapshotNode[] }
  | { readonly kind: "empty" | "corrupt" };

/** Reads a file system as the firmware does at its start: an erased first block means that there is none yet. */
export function readFileSystem(bytes: Uint8Array): FileSystemContent {
  if (isErased(bytes.subarray(0, sectorBytes))) return { kind: "empty" };
  try {
    return { kind: "files", nodes: readLittlefs(bytes).entries.map(toNode) };
  } catch {
    return { kind: "corrupt" };
  }
}

/** @throws RefusedError `image/littlefs-full` when the files take more blocks than there are */
export function makeFileSystem(nodes: readonly SnapshotNode[], sizeBytes: number): Uint8Array {
  return makeLittlefs(nodes.map(toEntry), { sizeBytes });
}

function toNode(entry: LittlefsEntry): SnapshotNode {
  const { path } = entry;
  if (entry.kind === "directory") return { kind: "folder", path };
  return { kind: "file", path, content: entry.data.slice(), mtimeS: Math.floor(mtimeOf(entry) ?? 0) };
}

function toEntry(node: SnapshotNode): LittlefsEntry {
  const { path } = node;
  if (node.kind === "folder") return { kind: "directory", path };
  return { kind: "file", path, data: node.content, attributes: new Map([[MTIME_ATTRIBUTE, encodeMtime(node.mtimeS)]]) };
}

/** Values of an NVS partition: those that Python sees, and those of the firmware, which are kept as they are. */
export interface NvsContent {
  readonly values: readonly StoredNvsEntry[];
  readonly others: readonly NvsEntry[];
}

/** Reads an NVS partition; the firmware starts with an empty one in place of one that it cannot read. */
export function readNvs(bytes: Uint8Array): NvsContent {
  let entries: readonly NvsEntry[] = [];
  try {
    entries = decodeNvs(bytes);
  } catch {
    return { values: [], others: [] };
  }
  const isVisible = (entry: NvsEntry): boolean => entry.type === "i32" || entry.type === "blob";
  return {
    values: entries.flatMap((entry) =>
      entry.type === "i32" || entry.type === "blob"
        ? [{ namespace: entry.namespace, key: entry.key, value: entry.value }]
        : [],
    ),
    others: entries.filter((entry) => !isVisible(entry)),
  };
}

/** @throws RefusedError `image/nvs-full` */
export function makeNvs({ values, others }: NvsContent, sizeBytes: number): Uint8Array {
  const entries = values.map(({ namespace, key, value }): NvsEntry =>
    typeof value === "number" ? { namespace, key, type: "i32", value } : { namespace, key, type: "blob", value },
  );
  return encodeNvs([...entries, ...others], sizeBytes);
}
