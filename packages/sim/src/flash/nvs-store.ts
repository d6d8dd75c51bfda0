import type { NvsEntry } from "./flash-snapshot.ts";

/** Longest namespace or key, in bytes. */
export const nvsNameMax = 15;

/** A number (i32) or a byte string. */
export type NvsValue = Uint8Array | number;

/**
 * Cells of 32 bytes in the 24 KiB partition of a common ESP32, one page of six being kept free.
 *
 * @source ESP-IDF, NVS documentation: 126 cells a page
 */
export const nvsCellsMax = 5 * 126;

/** Cells that a value takes: one for a number; index, head and data for a byte string. */
export const nvsCells = (value: NvsValue): number => (typeof value === "number" ? 1 : 2 + Math.ceil(value.length / 32));

/** The NVS partition: numbers (i32) and byte strings by namespace and key; each change is atomic. */
export class NvsStore {
  readonly #namespaces = new Map<string, Map<string, Uint8Array | number>>();

  get(namespace: string, key: string): Uint8Array | number | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  /** Stores a value, or erases the key with null. */
  set(namespace: string, key: string, value: Uint8Array | number | null): void {
    const keys = this.#namespaces.get(namespace) ?? new Map<string, Uint8Array | number>();
    if (value === null) keys.delete(key);
    else keys.set(key, value);
    if (keys.size === 0) this.#namespaces.delete(namespace);
    else this.#namespaces.set(namespace, keys);
  }

  entries(): NvsEntry[] {
    const entries: NvsEntry[] = [];
    for (const [namespace, keys] of this.#namespaces) {
      for (const [key, value] of keys) entries.push({ namespace, key, value });
    }
    return entries;
  }
}
