import type { BoardFileSystem, FileStat, FileSystemUsage, OpenFile, OpenMode } from "../vm/file-system.ts";
import { fileErrno } from "./file-errno.ts";
import { blockBytes } from "./flash-geometry.ts";
import type { FlashJournal } from "./flash-journal.ts";
import type { FlashStore } from "./flash-store.ts";

/** The flash of a board as the interpreter's system calls see it. */
export class BoardFiles implements BoardFileSystem {
  readonly #store: FlashStore;
  readonly #journal: FlashJournal;

  constructor(store: FlashStore, journal: FlashJournal) {
    this.#store = store;
    this.#journal = journal;
  }

  open(path: string, mode: OpenMode): OpenFile | number {
    const stat = this.#store.stat(path);
    if (stat?.kind === "folder") return -fileErrno.EISDIR;
    if (stat === undefined) {
      if (!mode.create) return -this.#absent(path);
      const created = this.#journal.commit({ kind: "create", path });
      if (created < 0) return created;
    } else if (mode.create && mode.exclusive) {
      return -fileErrno.EEXIST;
    } else if (mode.truncate && mode.write && this.#store.readUnsynced(path)?.length !== 0) {
      const truncated = this.#journal.commit({ kind: "truncate", path, sizeBytes: 0 });
      if (truncated < 0) return truncated;
    }
    return mode.write ? new WritingFile(path, this.#store, this.#journal) : new ReadingFile(path, this.#store);
  }

  stat(path: string): FileStat | number {
    const stat = this.#store.stat(path);
    if (stat === undefined) return -this.#absent(path);
    return { kind: stat.kind, sizeBytes: stat.sizeBytes, modifiedS: stat.mtimeS };
  }

  list(path: string): readonly string[] | number {
    const names = this.#store.list(path);
    if (names !== undefined) return names;
    return -(this.#store.stat(path) === undefined ? this.#absent(path) : fileErrno.ENOTDIR);
  }

  mkdir(path: string): number {
    return path === "/" ? -fileErrno.EEXIST : this.#journal.commit({ kind: "mkdir", path });
  }

  rmdir(path: string): number {
    return this.#journal.commit({ kind: "rmdir", path });
  }

  unlink(path: string): number {
    return this.#journal.commit({ kind: "remove", path });
  }

  rename(from: string, to: string): number {
    if (from === to && this.#store.stat(from) !== undefined) return 0;
    return this.#journal.commit({ kind: "rename", path: from, to });
  }

  usage(): FileSystemUsage {
    return { blockBytes, blocks: this.#store.blockCount, freeBlocks: this.#store.freeBlocks };
  }

  #absent(path: string): number {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (this.#store.stat(path.slice(0, end))?.kind === "file") return fileErrno.ENOTDIR;
    }
    return fileErrno.ENOENT;
  }
}

/** A file open for reading: sees what is safe on flash. */
class ReadingFile implements OpenFile {
  readonly #path: string;
  readonly #store: FlashStore;

  constructor(path: string, store: FlashStore) {
    this.#path = path;
    this.#store = store;
  }

  sizeBytes(): number {
    return this.#store.read(this.#path)?.length ?? 0;
  }

  read(offset: number, target: Uint8Array): number {
    return copyFrom(this.#store.read(this.#path), offset, target);
  }

  write(): number {
    return -fileErrno.EBADF;
  }

  sync(): number {
    return 0;
  }

  close(): number {
    return 0;
  }
}

/** A file open for writing: sees its own writes before they are safe. */
class WritingFile implements OpenFile {
  readonly #path: string;
  readonly #store: FlashStore;
  readonly #journal: FlashJournal;

  constructor(path: string, store: FlashStore, journal: FlashJournal) {
    this.#path = path;
    this.#store = store;
    this.#journal = journal;
  }

  sizeBytes(): number {
    return this.#store.readUnsynced(this.#path)?.length ?? 0;
  }

  read(offset: number, target: Uint8Array): number {
    return copyFrom(this.#store.readUnsynced(this.#path), offset, target);
  }

  write(offset: number, source: Uint8Array): number {
    if (source.length === 0) return 0;
    const refused = this.#journal.commit({ kind: "write", path: this.#path, offset, bytes: source.slice() });
    return refused < 0 ? refused : source.length;
  }

  sync(): number {
    return this.#store.isUnsynced(this.#path) ? this.#journal.commit({ kind: "sync", path: this.#path }) : 0;
  }

  close(): number {
    return this.#store.isUnsynced(this.#path) ? this.#journal.commit({ kind: "close", path: this.#path }) : 0;
  }
}

function copyFrom(content: Uint8Array | undefined, offset: number, target: Uint8Array): number {
  if (content === undefined) return -fileErrno.ENOENT;
  const bytes = content.subarray(offset, offset + target.length);
  target.set(bytes);
  return bytes.length;
}
