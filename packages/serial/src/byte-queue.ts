/** Bytes that came in and are not yet taken. */
export class ByteQueue {
  #buffer = new Uint8Array(1024);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** What is there, as a view that lives until the next push. */
  peek(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Takes at most `count` bytes, as a copy. */
  take(count: number): Uint8Array {
    const taken = this.peek().slice(0, count);
    this.#start += taken.length;
    return taken;
  }

  /** Where `pattern` starts, or -1. */
  indexOf(pattern: Uint8Array, from = 0): number {
    const bytes = this.peek();
    const first = pattern[0] as number;
    for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
      if (at + pattern.length > bytes.length) return -1;
      if (pattern.every((byte, i) => bytes[at + i] === byte)) return at;
    }
    return -1;
  }

  #makeRoom(count: number): void {
    const content = this.peek();
    const sizeBytes = content.length + count;
    const buffer = sizeBytes * 2 <= this.#buffer.length ? this.#buffer : new Uint8Array(sizeBytes * 2);
    buffer.set(content);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = content.length;
  }
}
