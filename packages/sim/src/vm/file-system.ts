/** What `stat` tells about a path. */
export interface FileStat {
  readonly kind: "file" | "folder";
  readonly sizeBytes: number;
  /** Seconds since 1970-01-01, as files carry it. */
  readonly modifiedS: number;
}

/** How a file is opened; at least one of `read` and `write` is set. */
export interface OpenMode {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  /** With `create`: fail with EEXIST when it is there. */
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** One open file; the caller keeps the position. Numbers below zero are `-errno`. */
export interface OpenFile {
  sizeBytes(): number;
  /** Fills `target` from `offset`; answers how many bytes there were, 0 at the end. */
  read(offset: number, target: Uint8Array): number;
  /** `source` is a view of the interpreter's memory: copy what must be kept. Answers how many bytes were taken. */
  write(offset: number, source: Uint8Array): number;
  sync(): number;
  close(): number;
}

/** Room in a file system, in blocks. */
export interface FileSystemUsage {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly freeBlocks: number;
}

/**
 * The files of a board as the interpreter's system calls see them.
 *
 * Paths are absolute and normalised (`/a/b`, the root is `/`). Numbers below zero are `-errno` with the numbers of
 * MicroPython's `errno` (ENOENT 2, EEXIST 17, ENOTDIR 20, EISDIR 21, ENOSPC 28, EROFS 30, ENOTEMPTY 39).
 */
export interface BoardFileSystem {
  open(path: string, mode: OpenMode): OpenFile | number;
  stat(path: string): FileStat | number;
  /** Names in a folder, without `.` and `..`. */
  list(path: string): readonly string[] | number;
  mkdir(path: string): number;
  rmdir(path: string): number;
  unlink(path: string): number;
  rename(from: string, to: string): number;
  usage(): FileSystemUsage;
}
