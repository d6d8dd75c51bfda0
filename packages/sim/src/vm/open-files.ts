import { errno } from "./errno.ts";
import type { OpenFile } from "./file-system.ts";

/** One entry of the table of open files. */
interface Descriptor {
  readonly path: string;
  readonly file: OpenFile | undefined;
  /** Entries of an open folder. */
  readonly entries: readonly string[];
  readonly append: boolean;
  position: number;
}

const firstDescriptor = 3;

/** The files and folders that the interpreter has open, by descriptor; 0 to 2 are the console and not in here. */
export class OpenFiles {
  readonly #descriptors = new Map<number, Descriptor>();

  add(opened: { path: string; file?: OpenFile; entries?: readonly string[]; append?: boolean }): number {
    let number = firstDescriptor;
    while (this.#descriptors.has(number)) number++;
    const { path, file, entries = [], append = false } = opened;
    this.#descriptors.set(number, { path, file, entries, append, position: 0 });
    return number;
  }

  get(number: number): Descriptor | undefined {
    return this.#descriptors.get(number);
  }

  close(number: number): number {
    const descriptor = this.#descriptors.get(number);
    if (descriptor === undefined) return -errno.EBADF;
    this.#descriptors.delete(number);
    return descriptor.file?.close() ?? 0;
  }

  /** Closes what a program left open. */
  closeAll(): void {
    for (const number of Array.from(this.#descriptors.keys())) this.close(number);
  }

  read(number: number, target: Uint8Array): number {
    const descriptor = this.#descriptors.get(number);
    if (descriptor?.file === undefined) return -(descriptor === undefined ? errno.EBADF : errno.EISDIR);
    return advance(descriptor, descriptor.file.read(descriptor.position, target));
  }

  write(number: number, source: Uint8Array): number {
    const descriptor = this.#descriptors.get(number);
    if (descriptor?.file === undefined) return -errno.EBADF;
    if (descriptor.append) descriptor.position = descriptor.file.sizeBytes();
    return advance(descriptor, descriptor.file.write(descriptor.position, source));
  }

  /** Whence: 0 from the start, 1 from where it is, 2 from the end. Answers the new position. */
  seek(number: number, offset: number, whence: number): number {
    const descriptor = this.#descriptors.get(number);
    if (descriptor === undefined) return -errno.EBADF;
    const base = [0, descriptor.position, descriptor.file?.sizeBytes() ?? 0][whence];
    if (base === undefined || base + offset < 0) return -errno.EINVAL;
    descriptor.position = base + offset;
    return descriptor.position;
  }
}

function advance(descriptor: Descriptor, count: number): number {
  if (count > 0) descriptor.position += count;
  return count;
}
