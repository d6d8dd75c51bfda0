/** A file with its whole content. */
export interface LittlefsFile {
  readonly kind: "file";
  /** Absolute, for example `/lib/main.py`; parts are at most 255 bytes of UTF-8. */
  readonly path: string;
  readonly data: Uint8Array;
  /** User attributes by type 0..255; MicroPython keeps a file's time in one, see {@link MTIME_ATTRIBUTE}. */
  readonly attributes?: ReadonlyMap<number, Uint8Array>;
}

/** A directory; the root is not listed. */
export interface LittlefsDirectory {
  readonly kind: "directory";
  readonly path: string;
  readonly attributes?: ReadonlyMap<number, Uint8Array>;
}

export type LittlefsEntry = LittlefsFile | LittlefsDirectory;

/** Type of the attribute in which MicroPython keeps the time of the last change. */
export const MTIME_ATTRIBUTE = 1;

/**
 * Shape: u64 little-endian, nanoseconds since 1970, whatever epoch the board counts from.
 *
 * @param seconds - since 1970, may have a fraction
 * @source MicroPython extmod/vfs_lfsx.c
 */
export function encodeMtime(seconds: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.round(seconds * 1e6)) * 1000n, true);
  return bytes;
}

/** @returns seconds since 1970, or null when `entry` has no time */
export function mtimeOf(entry: LittlefsEntry): number | null {
  const bytes = entry.attributes?.get(MTIME_ATTRIBUTE);
  if (bytes?.length !== 8) return null;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) / 1000n) / 1e6;
}
