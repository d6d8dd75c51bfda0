import { ProtocolError } from "@espx/proto";
import { type BlockDevice, type BlockPair, decodePair } from "./block-device.ts";
import type { GlobalState } from "./global-state.ts";
import { type Metadata, type MetadataEntry, readMetadata } from "./metadata.ts";
import { readSkipList } from "./skip-list.ts";
import { tagType } from "./tag.ts";
import type { LittlefsEntry } from "./tree.ts";

/** Longest path that is followed; deeper trees cannot be opened on a board either. */
const PATH_MAX = 4096;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads directories one after the other, without recursion: an image decides how deep it is. */
export class DirectoryWalk {
  readonly #device: BlockDevice;
  readonly #state: GlobalState;
  readonly #entries: LittlefsEntry[] = [];
  readonly #paths = new Set<string>();

  constructor(device: BlockDevice, state: GlobalState) {
    this.#device = device;
    this.#state = state;
  }

  read(root: BlockPair): readonly LittlefsEntry[] {
    const open: { path: string; pair: BlockPair }[] = [{ path: "", pair: root }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const path = next.path;
      open.push(...this.#readDirectory(next.pair, path).map(([name, pair]) => ({ path: `${path}/${name}`, pair })));
    }
    return this.#entries;
  }

  #readDirectory(first: BlockPair, path: string): readonly (readonly [string, BlockPair])[] {
    const directories: (readonly [string, BlockPair])[] = [];
    for (let pair: BlockPair | null = first; pair !== null;) {
      for (const block of pair) this.#device.claim(block, path === "" ? "/" : path);
      const metadata: Metadata = readMetadata(this.#device, pair);
      const movedAway = this.#state.movedAway(metadata);
      metadata.entries.forEach((entry, id) => {
        if (id === movedAway) return;
        const directory = this.#readEntry(entry, path);
        if (directory !== null) directories.push(directory);
      });
      pair = metadata.tail?.isSameDirectory === true ? metadata.tail.pair : null;
    }
    return directories;
  }

  #readEntry(entry: MetadataEntry, parent: string): readonly [string, BlockPair] | null {
    const type = entry.name?.type;
    if (entry.name === undefined || (type !== tagType.file && type !== tagType.directory)) return null;
    const name = decodeName(entry.name.data, parent);
    const path = this.#newPath(`${parent}/${name}`);
    const attributes = new Map([...entry.attributes].map(([key, value]) => [key, value.slice()]));
    if (type === tagType.file) {
      this.#entries.push({ kind: "file", path, data: this.#readContent(entry, path), attributes });
      return null;
    }
    const { struct } = entry;
    if (struct?.type !== tagType.directoryStruct || struct.data.length < 8) {
      throw new ProtocolError("image/littlefs-bad-value", `directory ${path} points to no block pair`);
    }
    this.#entries.push({ kind: "directory", path, attributes });
    return [name, decodePair(struct.data)];
  }

  #newPath(path: string): string {
    if (path.length > PATH_MAX || this.#paths.has(path)) {
      const why = path.length > PATH_MAX ? `is longer than ${PATH_MAX} characters` : "occurs twice";
      throw new ProtocolError("image/littlefs-bad-value", `path ${path.slice(0, 80)} ${why}`);
    }
    this.#paths.add(path);
    return path;
  }

  #readContent({ struct }: MetadataEntry, path: string): Uint8Array {
    if (struct?.type === tagType.inlineStruct) return struct.data.slice();
    if (struct?.type === tagType.skipListStruct) return readSkipList(this.#device, struct.data, path);
    throw new ProtocolError("image/littlefs-bad-value", `file ${path} has no content that this espx knows`);
  }
}

function decodeName(data: Uint8Array, parent: string): string {
  const name = readUtf8(data);
  if (name === null || name === "" || name === "." || name === ".." || name.includes("/")) {
    throw new ProtocolError("image/littlefs-bad-value", `a name in directory ${parent}/ is ${JSON.stringify(name)}`);
  }
  return name;
}

function readUtf8(data: Uint8Array): string | null {
  try {
    return utf8.decode(data);
  } catch {
    return null;
  }
}
