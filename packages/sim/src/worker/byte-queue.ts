/** Bytes that came in chunks and wait to be read. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #start = 0;
  #lengthBytes = 0;

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#lengthBytes += bytes.length;
  }

  /** Moves bytes into `target` as far as there are any; answers how many. */
  read(target: Uint8Array): number {
    let count = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined && count < target.length; chunk = this.#chunks[0]) {
      const part = chunk.subarray(this.#start, this.#start + target.length - count);
      target.set(part, count);
      count += part.length;
      this.#start += part.length;
      if (this.#start === chunk.length) {
        this.#chunks.shift();
        this.#start = 0;
      }
    }
    this.#lengthBytes -= count;
    return count;
  }

  /** Forgets the last `count` bytes, no more than wait. */
  dropLast(count: number): void {
    this.#lengthBytes -= count;
    for (let left = count; left > 0;) {
      const last = this.#chunks.pop();
      if (last === undefined) return;
      const kept = last.length - left;
      if (kept > 0) this.#chunks.push(last.subarray(0, kept));
      left = -kept;
    }
  }
}
