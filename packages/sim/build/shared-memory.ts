import { InternalError } from "@espx/proto";

const memorySection = 5;
const limitsWithMaximum = 0x01;
const limitsShared = 0x03;

/** Makes the memory of a module shared, with a maximum of `maximumPages` pages of 64 KiB. */
export function shareMemory(wasm: Uint8Array, maximumPages: number): Uint8Array {
  for (let at = 8; at < wasm.length;) {
    const [length, lengthBytes] = readLeb(wasm, at + 1);
    const start = at + 1 + lengthBytes;
    if (wasm[at] === memorySection && wasm[start] === 1 && wasm[start + 1] === limitsWithMaximum) {
      const [minimumPages] = readLeb(wasm, start + 2);
      const section = [1, limitsShared, ...encodeLeb(minimumPages), ...encodeLeb(maximumPages)];
      return concat([
        wasm.subarray(0, at),
        Uint8Array.of(memorySection, ...encodeLeb(section.length), ...section),
        wasm.subarray(start + length),
      ]);
    }
    at = start + length;
  }
  throw new InternalError("sim/interpreter-unknown", "the interpreter's wasm has no memory with a maximum");
}

function readLeb(bytes: Uint8Array, at: number): [value: number, size: number] {
  let value = 0;
  for (let size = 0; ; size++) {
    const byte = bytes[at + size] ?? 0;
    value |= (byte & 0x7f) << (7 * size);
    if ((byte & 0x80) === 0) return [value, size + 1];
  }
}

function encodeLeb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ;) {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
    if (rest === 0) return bytes;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
