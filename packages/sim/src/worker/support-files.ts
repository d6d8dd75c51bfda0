import { errno } from "../vm/errno.ts";
import type { BoardFileSystem, FileStat, OpenFile, OpenMode } from "../vm/file-system.ts";

/** Where the support modules lie while they are loaded. */
export const supportFolder = "/.firmware";

/** The board's files, and beside them the support modules while they are loaded. */
export class SupportFiles implements BoardFileSystem {
  readonly #board: BoardFileSystem;
  readonly #all: ReadonlyMap<string, Uint8Array>;
  #sources: ReadonlyMap<string, Uint8Array>;

  constructor(board: BoardFileSystem, python: Readonly<Record<string, string>>) {
    this.#board = board;
    const encoder = new TextEncoder();
    this.#all = new Map(
      Object.entries(python).map(([module, source]) => [`${supportFolder}/${module}.py`, encoder.encode(source)]),
    );
    this.#sources = this.#all;
  }

  /** Shows the support modules, or takes them away, so that there is nothing but the board's flash. */
  show(shown: boolean): undefined {
    this.#sources = shown ? this.#all : new Map();
  }

  open(path: string, mode: OpenMode): OpenFile | number {
    const source = this.#sources.get(path);
    return source === undefined ? this.#board.open(path, mode) : openSource(source);
  }

  stat(path: string): FileStat | number {
    const source = this.#sources.get(path);
    return source === undefined ? this.#board.stat(path) : { kind: "file", sizeBytes: source.length, modifiedS: 0 };
  }

  list(path: string): readonly string[] | number {
    return this.#board.list(path);
  }

  mkdir(path: string): number {
    return this.#board.mkdir(path);
  }

  rmdir(path: string): number {
    return this.#board.rmdir(path);
  }

  unlink(path: string): number {
    return this.#board.unlink(path);
  }

  rename(from: string, to: string): number {
    return this.#board.rename(from, to);
  }

  usage(): ReturnType<BoardFileSystem["usage"]> {
    return this.#board.usage();
  }
}

function openSource(source: Uint8Array): OpenFile {
  return {
    sizeBytes: () => source.length,
    read: (offset, target) => {
      const part = source.subarray(offset, offset + target.length);
      target.set(part);
      return part.length;
    },
    write: () => -errno.EROFS,
    sync: () => 0,
    close: () => 0,
  };
}
