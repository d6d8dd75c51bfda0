import { type Partition, partitionType } from "@espx/image";
import { RefusedError } from "@espx/proto";
import type { FlashSnapshot, NvsEntry, SnapshotNode } from "../flash/flash-snapshot.ts";
import { partitionsOf, subtype } from "./flash-layout.ts";
import type { FlashAccess, FlashMemory } from "./flash-memory.ts";
import { makeFileSystem, makeNvs, type NvsContent, readFileSystem, readNvs } from "./partition-content.ts";

/** The files and NVS values that a running board has instead of the bytes of their partitions. */
export interface FlashTree {
  /** Grow with every change, of files and of NVS values. */
  readonly versions: Readonly<Record<View["kind"], number>>;
  snapshot(): FlashSnapshot;
  /** Puts other files in the place of all there are; the file system has that many bytes then. */
  replaceFiles(nodes: readonly SnapshotNode[], capacityBytes: number): void;
  replaceNvs(entries: readonly NvsEntry[]): void;
}

/** One partition whose content the tree has. */
interface View {
  readonly kind: "vfs" | "nvs";
  readonly offset: number;
  readonly sizeBytes: number;
  /** Version of the tree that the bytes were made for, or from. */
  version: number;
  /** The bytes were changed since: they hold what counts. */
  isChanged: boolean;
}

/** What is known of an earlier run: kinds of views whose bytes count, and of those that are as the tree is. */
export interface KnownViews {
  readonly changed?: readonly string[];
  readonly inStep?: readonly string[];
}

/**
 * The flash of a board as one array of bytes, with its files and NVS values in it.
 *
 * What runs on the board changes the tree; the bytes of its partitions are made when somebody reads them. Whoever writes bytes
 * there changes what the board finds at its next start: {@link ChipFlash.settle} reads them back. Bytes that nobody
 * changed, neither way, stay as they were.
 *
 * A FAT file system has no bytes here: its partition reads as it was last written.
 */
export class ChipFlash implements FlashAccess {
  readonly memory: FlashMemory;
  readonly #tree: FlashTree;
  #views: View[] = [];
  #otherNvs: NvsContent["others"] = [];
  #isCorrupt = false;
  #version = 0;
  #settledVersion = 0;

  constructor(memory: FlashMemory, tree: FlashTree, { changed = [], inStep = [] }: KnownViews = {}) {
    this.memory = memory;
    this.#tree = tree;
    this.#views = this.#placeViews().map((place) => ({
      ...place,
      version: inStep.includes(place.kind) ? tree.versions[place.kind] : -1,
      isChanged: changed.includes(place.kind),
    }));
    this.#version = changed.length > 0 ? 1 : 0;
  }

  /** Kinds of views whose bytes are those of the tree as it is now. */
  get viewsInStep(): readonly string[] {
    const { versions } = this.#tree;
    return this.#views.filter(({ kind, version, isChanged }) => !isChanged && version === versions[kind]).map(kindOf);
  }

  /** Kinds of views whose bytes were changed and not yet read back. */
  get changedViews(): readonly string[] {
    return this.#views.filter(({ isChanged }) => isChanged).map(kindOf);
  }

  get sizeBytes(): number {
    return this.memory.sizeBytes;
  }

  /** Grows with every write and erase. */
  get version(): number {
    return this.#version;
  }

  /** Whether the file system's partition holds something that no driver mounts. */
  get isCorrupt(): boolean {
    return this.#isCorrupt;
  }

  /** Where the file system lies, as far as it is known. */
  get fileSystem(): { readonly offset: number; readonly sizeBytes: number } | undefined {
    return this.#views.find(({ kind }) => kind === "vfs");
  }

  read(offset: number, length: number): Uint8Array {
    this.#refresh(offset, length);
    return this.memory.read(offset, length);
  }

  program(offset: number, bytes: Uint8Array): void {
    this.#touch(offset, bytes.length);
    this.memory.program(offset, bytes);
  }

  erase(offset: number, length: number): void {
    this.#touch(offset, length);
    this.memory.erase(offset, length);
  }

  /** Puts bytes there whatever there was, as a programmer does. */
  replace(offset: number, bytes: Uint8Array): void {
    this.#touch(offset, bytes.length);
    this.memory.replace(offset, bytes);
  }

  /** Lets the tree hold what the bytes say, where those were changed or the partitions moved. */
  settle(): void {
    if (this.#settledVersion === this.#version) return;
    this.#settledVersion = this.#version;
    const places = this.#placeViews();
    for (const view of this.#views) {
      if (!places.some((place) => isSame(place, view))) this.#refresh(view.offset, view.sizeBytes);
    }
    const known = this.#views;
    this.#views = places.map((place) => {
      const view = known.find((candidate) => isSame(place, candidate));
      if (view !== undefined && !view.isChanged) return view;
      return { ...place, version: this.#readBack(place), isChanged: false };
    });
    for (const { kind } of known) if (!places.some((place) => place.kind === kind)) this.#forget(kind);
  }

  #touch(offset: number, length: number): void {
    this.#version++;
    this.#refresh(offset, length);
    for (const view of this.#views) if (isWithin(view, offset, length)) view.isChanged = true;
  }

  /** Makes the bytes of each partition in the range that the tree has moved on from. */
  #refresh(offset: number, length: number): void {
    for (const view of this.#views) {
      const isStale = !view.isChanged && view.version !== this.#tree.versions[view.kind];
      if (!isStale || !isWithin(view, offset, length)) continue;
      const bytes = this.#bytesOf(view);
      if (bytes !== undefined) this.memory.replace(view.offset, bytes);
      view.version = this.#tree.versions[view.kind];
    }
  }

  /** Undefined when the real layout takes more room than the model of a running board does: the bytes stay. */
  #bytesOf({ kind, sizeBytes }: View): Uint8Array | undefined {
    const { nodes, nvs } = this.#tree.snapshot();
    try {
      return kind === "vfs"
        ? makeFileSystem(nodes, sizeBytes)
        : makeNvs({ values: nvs, others: this.#otherNvs }, sizeBytes);
    } catch (error) {
      if (error instanceof RefusedError) return undefined;
      throw error;
    }
  }

  #readBack({ kind, offset, sizeBytes }: Place): number {
    const bytes = this.memory.read(offset, sizeBytes);
    if (kind === "nvs") {
      const { values, others } = readNvs(bytes);
      this.#otherNvs = others;
      this.#tree.replaceNvs(values);
    } else {
      const content = readFileSystem(bytes);
      this.#isCorrupt = content.kind === "corrupt";
      this.#tree.replaceFiles(content.kind === "files" ? content.nodes : [], sizeBytes);
    }
    return this.#tree.versions[kind];
  }

  #forget(kind: View["kind"]): void {
    if (kind === "nvs") this.#tree.replaceNvs([]);
    else this.#tree.replaceFiles([], this.#tree.snapshot().capacityBytes);
  }

  #placeViews(): Place[] {
    const partitions = partitionsOf(this.memory) ?? [];
    const isData = ({ type }: Partition): boolean => type === partitionType.data;
    const vfs = partitions.find((partition) => isData(partition) && partition.name === "vfs");
    const nvs = partitions.find((partition) => isData(partition) && partition.subtype === subtype.nvs);
    const places: Place[] = [];
    const isFat = this.#tree.snapshot().kind === "fat";
    if (vfs !== undefined && !isFat) places.push({ kind: "vfs", ...rangeOf(vfs) });
    if (nvs !== undefined) places.push({ kind: "nvs", ...rangeOf(nvs) });
    return places.filter(({ offset, sizeBytes }) => offset + sizeBytes <= this.sizeBytes);
  }
}

type Place = Pick<View, "kind" | "offset" | "sizeBytes">;

function kindOf({ kind }: View): string {
  return kind;
}

function rangeOf({ offset, sizeBytes }: Partition): { readonly offset: number; readonly sizeBytes: number } {
  return { offset, sizeBytes };
}

function isSame(a: Place, b: Place): boolean {
  return a.kind === b.kind && a.offset === b.offset && a.sizeBytes === b.sizeBytes;
}

function isWithin(view: Place, offset: number, length: number): boolean {
  return offset < view.offset + view.sizeBytes && view.offset < offset + length;
}
