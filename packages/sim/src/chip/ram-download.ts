/** RAM that a tool may fill before the ROM refuses more. */
const ramMaxBytes = 1024 * 1024;

/** What a flasher stub says when it starts. */
const greeting = "OHAI";

/** The greeting as a number, upper 20 bits: how a RISC-V program loads it when it does not keep it as text. */
const greetingUpper = 0x49415;
const loadUpperImmediate = 0x37;

/** What MEM_BEGIN, MEM_DATA and MEM_END bring into the chip's RAM. */
export class RamDownload {
  #pieces: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  #next = 0;
  #size = 0;

  /** The next blocks go to `address`. */
  begin(address: number): void {
    this.#next = address;
  }

  /** False when there is no RAM left. */
  add(bytes: Uint8Array): boolean {
    if (this.#size + bytes.length > ramMaxBytes) return false;
    this.#pieces.push({ address: this.#next, bytes: bytes.slice() });
    this.#next += bytes.length;
    this.#size += bytes.length;
    return true;
  }

  /**
   * Whether the program that starts at `entry` is a flasher stub: it must lie in what was brought, and carry the greeting
   * that stubs open with. What else a program does is not looked at: it is not run.
   */
  isStub(entry: number): boolean {
    const holdsEntry = this.#pieces.some(({ address, bytes }) => entry >= address && entry < address + bytes.length);
    return holdsEntry && this.#pieces.some(({ bytes }) => hasGreeting(bytes));
  }

  reset(): void {
    this.#pieces = [];
    this.#size = 0;
  }
}

function hasGreeting(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.includes(greeting)) return true;
  for (let at = 0; at + 4 <= buffer.length; at += 2) {
    const word = buffer.readUInt32LE(at);
    if (word >>> 12 === greetingUpper && (word & 0x7f) === loadUpperImmediate) return true;
  }
  return false;
}
