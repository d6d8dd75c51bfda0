import type { VmMemory } from "./memory.ts";

/** An interpreter at rest: what another one needs to go on from there instead of starting anew. */
export interface VmImage {
  /** The interpreter's memory up to its last byte that is not 0; what follows is 0. */
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
  /** Where the C stack begins; it is empty. */
  readonly stackTop: number;
  /** Host proxies that Python holds. */
  readonly heldProxies: readonly number[];
}

/** Copies what a memory holds; into shared memory, so that many workers may use one copy. */
export function copyMemory(memory: VmMemory): { readonly bytes: Uint8Array; readonly memoryBytes: number } {
  const words = new BigUint64Array(memory.shared.buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0n) end--;
  const bytes = new Uint8Array(new SharedArrayBuffer(8 * end));
  bytes.set(memory.bytes.subarray(0, bytes.length));
  return { bytes, memoryBytes: memory.bytes.length };
}
