import { errno, libraryEintr } from "./errno.ts";
import type { BoardFileSystem, FileStat, OpenMode } from "./file-system.ts";
import type { VmMemory } from "./memory.ts";
import { OpenFiles } from "./open-files.ts";
import { resolvePath } from "./paths.ts";

/** The console as the interpreter's standard input and output; numbers below zero are `-errno`. */
export interface Terminal {
  /** Blocks until there is at least one byte. */
  read(target: Uint8Array): number;
  write(source: Uint8Array): void;
}

const openFlags = {
  accessMode: 0o3,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  folder: 0o200000,
};
const folderMode = 0o40777;
const fileMode = 0o100666;
const direntBytes = 280;
const direntFolder = 4;
const direntFile = 8;
const removeFolder = 512;

/** The system calls of the interpreter's C library, on the files of a board and its console. */
export class SystemCalls {
  readonly #memory: () => VmMemory;
  readonly #files: BoardFileSystem;
  readonly #terminal: Terminal;
  readonly #open = new OpenFiles();
  #folder = "/";

  constructor(memory: () => VmMemory, files: BoardFileSystem, terminal: Terminal) {
    this.#memory = memory;
    this.#files = files;
    this.#terminal = terminal;
  }

  closeAll(): void {
    this.#open.closeAll();
  }

  environment(): Record<string, (...args: number[]) => number> {
    const path = (address = 0): string => resolvePath(this.#folder, this.#memory().string(address));
    return {
      __syscall_chdir: (at) => this.#chdir(path(at)),
      __syscall_getcwd: (out = 0, size = 0) =>
        this.#memory().writeString(out, this.#folder, size) ? this.#folder.length + 1 : -errno.ERANGE,
      __syscall_mkdirat: (_folder, at) => this.#files.mkdir(path(at)),
      __syscall_openat: (_folder, at, flags = 0) => this.#openPath(path(at), flags),
      __syscall_poll: () => 0,
      __syscall_getdents64: (fd = 0, out = 0, size = 0) => this.#entries(fd, out, size),
      __syscall_renameat: (_from, at, _to, to) => this.#files.rename(path(at), path(to)),
      __syscall_rmdir: (at) => this.#files.rmdir(path(at)),
      __syscall_unlinkat: (_folder, at, flags) =>
        flags === removeFolder ? this.#files.rmdir(path(at)) : this.#files.unlink(path(at)),
      __syscall_stat64: (at, out = 0) => this.#stat(path(at), out),
      __syscall_lstat64: (at, out = 0) => this.#stat(path(at), out),
      __syscall_newfstatat: (_folder, at, out = 0) => this.#stat(path(at), out),
      __syscall_fstat64: (fd = 0, out = 0) => this.#statOpen(fd, out),
      __syscall_statfs64: (_path, _size, out = 0) => this.#usage(out),
    };
  }

  wasi(): Record<string, (...args: never[]) => number> {
    return {
      fd_close: (fd: number) => -this.#open.close(fd),
      fd_sync: (fd: number) => -(this.#open.get(fd)?.file?.sync() ?? 0),
      fd_seek: (fd: number, offset: bigint, whence: number, out: number) => {
        const position = this.#open.seek(fd, Number(offset), whence);
        if (position < 0) return fd <= 2 ? errno.ESPIPE : -position;
        this.#memory().setU64(out, position);
        return 0;
      },
      fd_read: (fd: number, vectors: number, count: number, out: number) =>
        this.#transfer(vectors, count, out, (bytes) =>
          fd === 0 ? this.#terminal.read(bytes) : this.#open.read(fd, bytes),
        ),
      fd_write: (fd: number, vectors: number, count: number, out: number) =>
        this.#transfer(vectors, count, out, (bytes) => {
          if (fd > 2) return this.#open.write(fd, bytes);
          this.#terminal.write(bytes);
          return bytes.length;
        }),
    };
  }

  #chdir(path: string): number {
    const stat = this.#files.stat(path);
    if (typeof stat === "number") return stat;
    if (stat.kind !== "folder") return -errno.ENOTDIR;
    this.#folder = path;
    return 0;
  }

  #openPath(path: string, flags: number): number {
    if ((flags & openFlags.folder) !== 0) {
      const entries = this.#files.list(path);
      return typeof entries === "number" ? entries : this.#open.add({ path, entries: [".", "..", ...entries] });
    }
    const file = this.#files.open(path, openMode(flags));
    if (typeof file === "number") return file;
    return this.#open.add({ path, file, append: (flags & openFlags.append) !== 0 });
  }

  #entries(fd: number, out: number, sizeBytes: number): number {
    const folder = this.#open.get(fd);
    if (folder === undefined) return -errno.EBADF;
    const count = Math.min(Math.floor(sizeBytes / direntBytes), folder.entries.length - folder.position);
    for (let index = 0; index < count; index++, folder.position++) {
      const name = folder.entries[folder.position] ?? "";
      this.#entry(out + index * direntBytes, folder.position + 1, name, resolvePath(folder.path, name));
    }
    return count * direntBytes;
  }

  #entry(at: number, number: number, name: string, path: string): void {
    const memory = this.#memory();
    const stat = this.#files.stat(path);
    const isFolder = typeof stat !== "number" && stat.kind === "folder";
    memory.setU64(at, number);
    memory.setU64(at + 8, number * direntBytes);
    memory.view.setUint16(at + 16, direntBytes, true);
    memory.view.setUint8(at + 18, isFolder ? direntFolder : direntFile);
    memory.writeString(at + 19, name, direntBytes - 19);
  }

  #stat(path: string, out: number): number {
    const stat = this.#files.stat(path);
    if (typeof stat === "number") return stat;
    writeStat(this.#memory(), out, stat);
    return 0;
  }

  #statOpen(fd: number, out: number): number {
    const descriptor = this.#open.get(fd);
    if (descriptor === undefined) return -errno.EBADF;
    const sizeBytes = descriptor.file?.sizeBytes() ?? 0;
    writeStat(this.#memory(), out, { kind: descriptor.file ? "file" : "folder", sizeBytes, modifiedS: 0 });
    return 0;
  }

  #usage(out: number): number {
    const memory = this.#memory();
    const { blockBytes, blocks, freeBlocks } = this.#files.usage();
    memory.bytes.fill(0, out, out + 88);
    memory.setU32(out + 4, blockBytes);
    memory.setU64(out + 8, blocks);
    memory.setU64(out + 16, freeBlocks);
    memory.setU64(out + 24, freeBlocks);
    memory.setU32(out + 56, 255);
    memory.setU32(out + 60, blockBytes);
    return 0;
  }

  /** Runs `transfer` for each vector until one is not filled; writes the sum. */
  #transfer(vectors: number, count: number, out: number, transfer: (bytes: Uint8Array) => number): number {
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const memory = this.#memory();
      const [start, length] = [memory.u32(vectors + 8 * index), memory.u32(vectors + 8 * index + 4)];
      if (length === 0) continue;
      const done = transfer(memory.bytes.subarray(start, start + length));
      if (done < 0 && sum === 0) return done === -errno.EINTR ? libraryEintr : -done;
      sum += Math.max(done, 0);
      if (done < length) break;
    }
    this.#memory().setU32(out, sum);
    return 0;
  }
}

function openMode(flags: number): OpenMode {
  const access = flags & openFlags.accessMode;
  return {
    read: access !== 1,
    write: access !== 0,
    create: (flags & openFlags.create) !== 0,
    exclusive: (flags & openFlags.exclusive) !== 0,
    truncate: (flags & openFlags.truncate) !== 0,
  };
}

function writeStat(memory: VmMemory, out: number, stat: FileStat): void {
  memory.bytes.fill(0, out, out + 96);
  memory.setU32(out, 1);
  memory.setU32(out + 4, stat.kind === "folder" ? folderMode : fileMode);
  memory.setU32(out + 8, 1);
  memory.setU64(out + 24, stat.sizeBytes);
  memory.setU32(out + 32, 4096);
  for (const at of [40, 56, 72]) memory.setU64(out + at, Math.floor(stat.modifiedS));
  memory.setU64(out + 88, 1);
}
