const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The interpreter's linear memory, seen as bytes, words and strings. It may grow: views are made anew when it did. */
export class VmMemory {
  readonly shared: WebAssembly.Memory;
  readonly #allocate: (sizeBytes: number) => number;
  #bytes: Uint8Array;
  #view: DataView;

  constructor(memory: WebAssembly.Memory, allocate: (sizeBytes: number) => number) {
    this.shared = memory;
    this.#allocate = allocate;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  get bytes(): Uint8Array {
    this.#refresh();
    return this.#bytes;
  }

  get view(): DataView {
    this.#refresh();
    return this.#view;
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }

  setU64(address: number, value: number): void {
    this.view.setBigUint64(address, BigInt(value), true);
  }

  /** A string of `length` bytes of UTF-8, or up to its zero byte. */
  string(address: number, length?: number): string {
    const end = length === undefined ? this.bytes.indexOf(0, address) : address + length;
    return decoder.decode(this.bytes.slice(address, end));
  }

  /** Writes a string with a zero byte; false when `sizeBytes` is too small. */
  writeString(address: number, text: string, sizeBytes: number): boolean {
    const encoded = encoder.encode(text);
    if (encoded.length >= sizeBytes) return false;
    this.bytes.set(encoded, address);
    this.bytes[address + encoded.length] = 0;
    return true;
  }

  /** Puts a string with a zero byte into memory of its own, which the caller must free. */
  newString(text: string): { readonly address: number; readonly length: number } {
    const encoded = encoder.encode(text);
    const address = this.#allocate(encoded.length + 1);
    this.bytes.set(encoded, address);
    this.bytes[address + encoded.length] = 0;
    return { address, length: encoded.length };
  }

  #refresh(): void {
    if (this.#bytes.buffer === this.shared.buffer) return;
    this.#bytes = new Uint8Array(this.shared.buffer);
    this.#view = new DataView(this.shared.buffer);
  }
}
