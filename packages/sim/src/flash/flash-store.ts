import type { FlashOperation } from "@espx/proto";
import { BlockBudget } from "./block-budget.ts";
import { FileContent } from "./file-content.ts";
import { FlashRefusal } from "./file-errno.ts";
import { blockBytes, defaultFlashBytes, type FileSystemKind, nodeBlocks } from "./flash-geometry.ts";
import type { FlashSnapshot } from "./flash-snapshot.ts";
import {
  findNode,
  findPlace,
  newFile,
  newFolder,
  walk,
  type FileNode,
  type FlashNode,
  type FolderNode,
} from "./flash-tree.ts";
import { NvsStore } from "./nvs-store.ts";
import { renameTarget } from "./rename-rules.ts";

/** What a new store is made of. */
export interface FlashStoreOptions {
  readonly kind?: FileSystemKind;
  readonly capacityBytes?: number;
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  readonly reservedBlocks?: number;
}

/** What the board's program learns about one path. */
export interface FlashStat {
  readonly kind: "file" | "folder";
  readonly sizeBytes: number;
  readonly mtimeS: number;
}

/**
 * The file system and the NVS of one board, changed by {@link FlashOperation}s only.
 *
 * `littlefs` shows a file's new content at sync or close and renames atomically, as that file system promises.
 * `fat` shows every write at once and renames over an existing name by removing it first.
 */
export class FlashStore {
  readonly kind: FileSystemKind;
  readonly capacityBytes: number;
  readonly nvs = new NvsStore();
  readonly #root: FolderNode = newFolder();
  readonly #budget: BlockBudget;

  constructor(options: FlashStoreOptions = {}) {
    this.kind = options.kind ?? "littlefs";
    this.capacityBytes = options.capacityBytes ?? defaultFlashBytes;
    this.#budget = new BlockBudget(this.kind, this.capacityBytes, options.reservedBlocks ?? 0);
    for (const [path, content] of Object.entries(options.files ?? {})) this.put(path, content);
  }

  /** Rebuilds a store from {@link FlashStore.snapshot}. */
  static restore(snapshot: FlashSnapshot): FlashStore {
    const store = new FlashStore({
      kind: snapshot.kind,
      capacityBytes: snapshot.capacityBytes,
      reservedBlocks: snapshot.reservedBlocks,
    });
    for (const node of snapshot.nodes) {
      store.#place(node.path, node.kind === "folder" ? newFolder() : newFile(node.content, node.mtimeS));
    }
    for (const entry of snapshot.nvs) store.nvs.set(entry.namespace, entry.key, entry.value);
    return store;
  }

  /**
   * What a board finds after the power went during the `upTo`-th operation (0: before the first) of `journal`.
   *
   * @param cut - operations that took effect; `tornBytes` lets the next one leave that prefix
   */
  static replay(
    initial: FlashSnapshot,
    journal: readonly FlashOperation[],
    cut: { readonly upTo: number; readonly tornBytes?: number },
  ): FlashStore {
    const store = FlashStore.restore(initial);
    for (const operation of journal.slice(0, cut.upTo)) store.apply(operation);
    const torn = journal[cut.upTo];
    if (cut.tornBytes !== undefined && torn !== undefined) store.applyTorn(torn, cut.tornBytes);
    store.losePower();
    return store;
  }

  /**
   * Applies one operation whole.
   *
   * @param mtimeS - the board's clock, for files that change
   * @throws FlashRefusal (`sim/flash-refused`) with its errno; nothing has changed then
   */
  apply(operation: FlashOperation, mtimeS = 0): void {
    switch (operation.kind) {
      case "create":
        return this.#create(operation.path, newFile(new Uint8Array(), mtimeS));
      case "mkdir":
        return this.#create(operation.path, newFolder());
      case "remove":
      case "rmdir":
        return this.#remove(operation.path, operation.kind);
      case "write":
        return this.#change(operation.path, mtimeS, operation.offset + operation.bytes.length, (content) =>
          content.write(operation.offset, operation.bytes),
        );
      case "truncate":
        return this.#change(operation.path, mtimeS, operation.sizeBytes, (content) =>
          content.resize(operation.sizeBytes),
        );
      case "sync":
      case "close":
        return this.#commit(operation.path, mtimeS);
      case "rename":
        return this.#rename(operation.path, operation.to);
      case "nvs":
        return this.nvs.set(operation.namespace, operation.key, operation.value);
    }
  }

  /**
   * Applies what an operation leaves when the power goes inside it: a write its first `tornBytes` bytes, a FAT rename
   * over an existing name the removal alone, everything else nothing.
   *
   * @throws FlashRefusal as {@link FlashStore.apply}
   */
  applyTorn(operation: FlashOperation, tornBytes: number): void {
    if (operation.kind === "write") {
      const bytes = operation.bytes.subarray(0, tornBytes);
      if (bytes.length > 0) this.apply({ ...operation, bytes });
    } else if (operation.kind === "rename" && this.kind === "fat") {
      const target = renameTarget(this.#root, operation.path, operation.to);
      if (target.replaced !== undefined) this.#drop(target.place.folder, target.place.name);
    }
  }

  /** Forgets what was written but neither synced nor closed, as a reset or a power cut does. */
  losePower(): void {
    for (const [, node] of walk(this.#root)) {
      if (node.kind === "file" && node.unsynced !== undefined)
        this.#budget.resize(node, () => (node.unsynced = undefined));
    }
  }

  stat(path: string): FlashStat | undefined {
    const node = findNode(this.#root, path);
    if (node === undefined) return undefined;
    if (node.kind === "folder") return { kind: "folder", sizeBytes: 0, mtimeS: 0 };
    return { kind: "file", sizeBytes: node.durable.length, mtimeS: node.mtimeS };
  }

  /** Names in a folder, sorted on littlefs, in order of creation on FAT; undefined when `path` is no folder. */
  list(path: string): readonly string[] | undefined {
    const node = findNode(this.#root, path);
    if (node?.kind !== "folder") return undefined;
    const names = [...node.entries.keys()];
    return this.kind === "littlefs" ? names.sort() : names;
  }

  /** Content that every reader sees: on littlefs the last synced one. Do not change it. */
  read(path: string): Uint8Array | undefined {
    const node = findNode(this.#root, path);
    return node?.kind === "file" ? node.durable : undefined;
  }

  /** Content as the writer of the file sees it. Do not change it, and do not keep it. */
  readUnsynced(path: string): Uint8Array | undefined {
    const node = findNode(this.#root, path);
    return node?.kind === "file" ? (node.unsynced?.view() ?? node.durable) : undefined;
  }

  /** Whether a sync or close of `path` would change anything on flash. */
  isUnsynced(path: string): boolean {
    const node = findNode(this.#root, path);
    return node?.kind === "file" && node.unsynced !== undefined;
  }

  /** Paths of all files with their durable content. */
  files(): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    for (const [path, node] of walk(this.#root)) if (node.kind === "file") files.set(path, node.durable);
    return files;
  }

  /**
   * Puts a whole file there with its folders, from outside the board; its time differs from before.
   *
   * @throws FlashRefusal ENOSPC, ENOTDIR or EISDIR
   */
  put(path: string, content: Uint8Array | string, mtimeS = (this.stat(path)?.mtimeS ?? 0) + 1): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
    const parents = path.split("/").slice(1, -1);
    parents.forEach((_, index) => {
      const folder = `/${parents.slice(0, index + 1).join("/")}`;
      if (this.stat(folder) === undefined) this.apply({ kind: "mkdir", path: folder });
    });
    if (this.stat(path) === undefined) this.apply({ kind: "create", path }, mtimeS);
    else this.apply({ kind: "truncate", path, sizeBytes: 0 }, mtimeS);
    this.apply({ kind: "write", path, offset: 0, bytes }, mtimeS);
    this.apply({ kind: "close", path }, mtimeS);
  }

  get blockCount(): number {
    return this.#budget.blockCount;
  }

  get freeBlocks(): number {
    return this.#budget.freeBlocks;
  }

  /** See {@link BlockBudget.limitFree}. */
  limitFree(freeBytes: number | null): void {
    this.#budget.limitFree(freeBytes);
  }

  /** The durable state, independent of this store. */
  snapshot(): FlashSnapshot {
    return {
      kind: this.kind,
      capacityBytes: this.capacityBytes,
      reservedBlocks: this.#budget.reservedBlocks,
      nodes: [...walk(this.#root)].map(([path, node]) =>
        node.kind === "folder"
          ? { kind: "folder", path }
          : { kind: "file", path, content: node.durable, mtimeS: node.mtimeS },
      ),
      nvs: this.nvs.entries(),
    };
  }

  #create(path: string, node: FlashNode): void {
    const { node: existing } = findPlace(this.#root, path);
    if (existing !== undefined) throw new FlashRefusal("EEXIST", path);
    const needed = nodeBlocks(this.kind, node);
    if (needed > this.freeBlocks) throw new FlashRefusal("ENOSPC", path);
    this.#place(path, node);
  }

  #place(path: string, node: FlashNode): void {
    const { folder, name } = findPlace(this.#root, path);
    folder.entries.set(name, node);
    this.#budget.add(node);
  }

  #remove(path: string, kind: "remove" | "rmdir"): void {
    const { folder, name, node } = findPlace(this.#root, path);
    if (node === undefined) throw new FlashRefusal("ENOENT", path);
    if (kind === "remove" && node.kind === "folder") throw new FlashRefusal("EISDIR", path);
    if (kind === "rmdir" && node.kind === "file") throw new FlashRefusal("ENOTDIR", path);
    if (node.kind === "folder" && node.entries.size > 0) throw new FlashRefusal("ENOTEMPTY", path);
    this.#drop(folder, name);
  }

  #drop(folder: FolderNode, name: string): void {
    const node = folder.entries.get(name);
    if (node === undefined) return;
    this.#budget.remove(node);
    folder.entries.delete(name);
  }

  #change(path: string, mtimeS: number, endBytes: number, change: (content: FileContent) => void): void {
    const node = this.#file(path);
    const content = node.unsynced ?? new FileContent(node.durable);
    const grown = Math.max(0, Math.ceil(endBytes / blockBytes) - Math.ceil(content.size / blockBytes));
    const copied = node.unsynced === undefined && this.kind === "littlefs" ? Math.ceil(content.size / blockBytes) : 0;
    const needed = endBytes === 0 ? 0 : grown + copied;
    if (needed > this.freeBlocks) throw new FlashRefusal("ENOSPC", path);
    this.#budget.resize(node, () => {
      change(content);
      node.unsynced = content;
      if (this.kind === "fat") this.#settle(node, mtimeS);
    });
  }

  #commit(path: string, mtimeS: number): void {
    const node = this.#file(path);
    if (node.unsynced !== undefined) this.#budget.resize(node, () => this.#settle(node, mtimeS));
  }

  #settle(node: FileNode, mtimeS: number): void {
    if (node.unsynced !== undefined) node.durable = node.unsynced.copy();
    node.unsynced = undefined;
    node.mtimeS = mtimeS;
  }

  #rename(from: string, to: string): void {
    const { source, place, replaced } = renameTarget(this.#root, from, to);
    if (replaced === source.node) return;
    if (replaced !== undefined) this.#drop(place.folder, place.name);
    source.folder.entries.delete(source.name);
    place.folder.entries.set(place.name, source.node);
  }

  #file(path: string): FileNode {
    const node = findNode(this.#root, path);
    if (node === undefined) throw new FlashRefusal("ENOENT", path);
    if (node.kind === "folder") throw new FlashRefusal("EISDIR", path);
    return node;
  }
}
