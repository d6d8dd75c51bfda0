import type { SimInfo } from "@espx/proto";

/** One running simulator as its file tells it. */
export interface RegistryEntry extends SimInfo {
  readonly v: 1;
  readonly serialPath: string;
  readonly controlPath: string;
}

/** The part of an entry that everybody may see. */
export function toSimInfo({ name, pid, urls, brokerUrl }: RegistryEntry): SimInfo {
  return { name, pid, urls, brokerUrl };
}

/** The entry of `name` in `value`, or undefined when it is none. */
export function parseEntry(value: unknown, name: string): RegistryEntry | undefined {
  const entry = value as Partial<RegistryEntry> | undefined | null;
  const complete =
    entry?.v === 1 &&
    entry.name === name &&
    Number.isInteger(entry.pid) &&
    typeof entry.serialPath === "string" &&
    typeof entry.controlPath === "string" &&
    typeof entry.brokerUrl === "string" &&
    Array.isArray(entry.urls) &&
    entry.urls.every((url) => typeof url === "string");
  return complete ? (entry as RegistryEntry) : undefined;
}
