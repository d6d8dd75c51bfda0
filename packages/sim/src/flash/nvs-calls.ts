import type { HostCalls, WorkerContext } from "../worker/context.ts";
import type { FlashJournal } from "./flash-journal.ts";
import { nvsCells, nvsCellsMax, nvsNameMax, type NvsStore, type NvsValue } from "./nvs-store.ts";

/** Results below zero, as ESP-IDF numbers them; @source esp-idf `nvs_flash/include/nvs.h`. */
const nvsError = {
  notFound: -0x1102,
  typeMismatch: -0x1103,
  notEnoughSpace: -0x1105,
  keyTooLong: -0x1109,
  invalidLength: -0x110c,
} as const;

type Pending = Map<
  string,
  { readonly namespace: string; readonly key: string; readonly value: Uint8Array | number | null }
>;

/** What `esp32.NVS` stands on: changes wait in memory until `commit`, and are then one flash operation a key. */
export function nvsCalls(context: WorkerContext, nvs: NvsStore, journal: FlashJournal): HostCalls {
  const pending: Pending = new Map();
  const id = (namespace: string, key: string): string => `${namespace}\n${key}`;
  const get = (namespace: string, key: string): Uint8Array | number | undefined => {
    const waiting = pending.get(id(namespace, key));
    return waiting === undefined ? nvs.get(namespace, key) : (waiting.value ?? undefined);
  };
  const set = (namespace: string, key: string, value: Uint8Array | number | null): number => {
    if (!isName(namespace) || !isName(key)) return nvsError.keyTooLong;
    const at = id(namespace, key);
    const others = allEntries().filter((entry) => id(entry.namespace, entry.key) !== at);
    if (value !== null && sum(others) + nvsCells(value) > nvsCellsMax) return nvsError.notEnoughSpace;
    pending.set(id(namespace, key), { namespace, key, value });
    return 0;
  };
  const allEntries = (): { readonly namespace: string; readonly key: string; readonly value: NvsValue | null }[] => [
    ...nvs.entries().filter(({ namespace, key }) => !pending.has(id(namespace, key))),
    ...pending.values(),
  ];
  return {
    nvs_open: (namespace: string) => (isName(namespace) ? 0 : nvsError.keyTooLong),
    nvs_set_i32: (namespace: string, key: string, value: number) => set(namespace, key, value | 0),
    nvs_set_blob: (namespace: string, key: string, address: number, length: number) =>
      set(namespace, key, context.memory().slice(address, address + length)),
    /** Every i32 is a value: an error comes as text. */
    nvs_get_i32: (namespace: string, key: string) => {
      const value = get(namespace, key);
      return typeof value === "number"
        ? value
        : String(value === undefined ? nvsError.notFound : nvsError.typeMismatch);
    },
    nvs_get_blob: (namespace: string, key: string, address: number, length: number) => {
      const value = get(namespace, key);
      if (value === undefined) return nvsError.notFound;
      if (typeof value === "number") return nvsError.typeMismatch;
      if (value.length > length) return nvsError.invalidLength;
      context.memory().set(value, address);
      return value.length;
    },
    nvs_erase: (namespace: string, key: string) =>
      get(namespace, key) === undefined ? nvsError.notFound : set(namespace, key, null),
    nvs_commit: (namespace: string) => {
      for (const [at, change] of pending) {
        if (change.namespace !== namespace) continue;
        pending.delete(at);
        const refused = journal.commit({ kind: "nvs", ...change });
        if (refused < 0) return refused;
      }
      return 0;
    },
  };
}

const isName = (name: unknown): boolean => typeof name === "string" && name.length <= nvsNameMax;

function sum(entries: readonly { readonly value: NvsValue | null }[]): number {
  return entries.reduce((cells, { value }) => cells + (value === null ? 0 : nvsCells(value)), 0);
}
