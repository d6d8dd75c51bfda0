import { DeviceError } from "@espx/proto";

/** Error numbers of a file system as MicroPython on an ESP32 shows them (newlib). */
export const fileErrno = {
  ENOENT: 2,
  EBADF: 9,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSPC: 28,
  EROFS: 30,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
} as const;

/** Name of an error number of {@link fileErrno}. */
export type FileErrno = keyof typeof fileErrno;

/**
 * The flash refuses an operation; the board's program sees an `OSError` with `errno`.
 *
 * @throws nothing itself; thrown by `FlashStore` with code `sim/flash-refused`
 */
export class FlashRefusal extends DeviceError {
  readonly errno: number;

  constructor(name: FileErrno, what: string) {
    super("sim/flash-refused", `${what}: ${name}`, { details: { errno: fileErrno[name] } });
    this.errno = fileErrno[name];
  }
}

/**
 * Number of the interpreter's C library (WASI) to the number MicroPython on a chip shows.
 *
 * @source musl for Emscripten, `system/lib/libc/musl/arch/emscripten/bits/errno.h`
 */
const fromWasi: Readonly<Record<number, number>> = {
  2: 13, // EACCES
  6: 11, // EAGAIN
  8: 9, // EBADF
  10: 16, // EBUSY
  20: 17, // EEXIST
  27: 4, // EINTR
  28: 22, // EINVAL
  29: 5, // EIO
  31: 21, // EISDIR
  37: 36, // ENAMETOOLONG
  43: 19, // ENODEV
  44: 2, // ENOENT
  48: 12, // ENOMEM
  51: 28, // ENOSPC
  54: 20, // ENOTDIR
  55: 39, // ENOTEMPTY
  63: 1, // EPERM
  69: 30, // EROFS
  70: 29, // ESPIPE
  75: 18, // EXDEV
};

/** Translates one error number of the interpreter's C library; unknown ones stay. */
export function errnoFromWasi(wasi: number): number {
  return fromWasi[wasi] ?? wasi;
}

/** The reverse of {@link errnoFromWasi}, for errors that go through the Emscripten file layer. */
export function errnoToWasi(errno: number): number {
  const entry = Object.entries(fromWasi).find(([, value]) => value === errno);
  return entry === undefined ? errno : Number(entry[0]);
}
