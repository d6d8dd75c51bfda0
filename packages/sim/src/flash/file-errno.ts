import { DeviceError } from "@espx/proto";

/** Error numbers of a file system as MicroPython on an ESP32 shows them (newlib). */
export const fileErrno = {
  ENOENT: 2,
  EIO: 5,
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
