/** Bytes of one file that can grow; copies only when it has to. */
export class FileContent {
  #bytes: Uint8Array;
  #size: number;

  constructor(initial: Uint8Array) {
    this.#bytes = initial;
    this.#size = initial.length;
  }

  get size(): number {
    return this.#size;
  }

  /** A view, valid until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  /** Writes at `offset`; what lies between the old end and `offset` reads as zero. */
  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.#reserve(Math.max(end, this.#size));
    this.#bytes.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
  }

  resize(size: number): void {
    this.#reserve(size);
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  // The first change always copies: the bytes given to the constructor belong to somebody else.
  #owned = false;

  #reserve(size: number): void {
    if (this.#owned && size <= this.#bytes.length) return;
    const grown = new Uint8Array(this.#owned ? Math.max(size, this.#bytes.length * 2) : Math.max(size, this.#size));
    grown.set(this.view());
    this.#bytes = grown;
    this.#owned = true;
  }
}
