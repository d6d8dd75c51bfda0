import { ProtocolError } from "@espx/proto";
import { nvsCrc } from "./item.ts";
import { PAGE_SIZE, type StoredItem, decodePage } from "./page.ts";
import { type NvsEntry, type NvsValue, decodeNumber, itemType, numberTypeOf } from "./value.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Read all values of an NVS partition.
 *
 * Pages are taken in the order of their sequence numbers, and of a key that stands twice, as a loss of power leaves
 * it, the later one holds. Erased entries, empty pages and pages that the driver gave up are passed over.
 * @returns in the order in which they were written
 * @throws ProtocolError `image/nvs-bad-length`, `image/nvs-bad-value`, `image/nvs-bad-checksum`,
 *   `image/nvs-blob-incomplete`
 * @source ESP-IDF docs, "NVS", "Internals"
 */
export function decodeNvs(partition: Uint8Array): readonly NvsEntry[] {
  if (partition.length === 0 || partition.length % PAGE_SIZE !== 0) {
    throw new ProtocolError(
      "image/nvs-bad-length",
      `NVS partition has ${partition.length} bytes, expected a multiple of ${PAGE_SIZE}`,
    );
  }
  const items = itemsInOrder(partition);
  const namespaces = namespaceNames(items);
  const chunks = new Map(
    items.filter(({ item }) => item.type === itemType.blobData).map((stored) => [chunkId(stored), stored]),
  );
  const latest = new Map<string, StoredItem>();
  for (const stored of items) {
    const { namespaceIndex, type, key } = stored.item;
    if (namespaceIndex === 0 || type === itemType.blobData) continue;
    const id = `${namespaceIndex} ${key}`;
    latest.delete(id);
    latest.set(id, stored);
  }
  return [...latest.values()].map((stored) => {
    const namespace = namespaces.get(stored.item.namespaceIndex);
    if (namespace !== undefined) return { namespace, key: stored.item.key, ...readValue(stored, chunks) };
    const index = stored.item.namespaceIndex;
    throw new ProtocolError("image/nvs-bad-value", `${stored.where} belongs to namespace ${index}, which has no name`);
  });
}

function itemsInOrder(partition: Uint8Array): readonly StoredItem[] {
  const pages = Array.from({ length: partition.length / PAGE_SIZE }, (_, number) =>
    decodePage(partition.subarray(number * PAGE_SIZE, (number + 1) * PAGE_SIZE), number),
  );
  return pages
    .filter((page) => page !== null)
    .toSorted((a, b) => a.sequence - b.sequence)
    .flatMap(({ items }) => items);
}

function namespaceNames(items: readonly StoredItem[]): ReadonlyMap<number, string> {
  const named = items.filter(({ item }) => item.namespaceIndex === 0 && item.type === itemType.u8);
  return new Map(named.map(({ item }) => [item.field[0] as number, item.key]));
}

function readValue(stored: StoredItem, chunks: ReadonlyMap<string, StoredItem>): NvsValue {
  const { type, field } = stored.item;
  const number = numberTypeOf(type);
  if (number !== undefined) return decodeNumber(number, field);
  if (type === itemType.string) return { type: "string", value: readText(stored) };
  if (type === itemType.blob) return { type: "blob", value: readData(stored).slice() };
  if (type === itemType.blobIndex) return { type: "blob", value: readChunks(stored, chunks) };
  throw new ProtocolError("image/nvs-bad-value", `${stored.where} has type 0x${type.toString(16)}`);
}

function readText(stored: StoredItem): string {
  const data = readData(stored);
  const end = data.indexOf(0);
  try {
    return utf8.decode(end < 0 ? data : data.subarray(0, end));
  } catch (cause) {
    throw new ProtocolError("image/nvs-bad-value", `${stored.where} holds a string that is no UTF-8`, { cause });
  }
}

function readData({ item, data, where }: StoredItem): Uint8Array {
  const view = new DataView(item.field.buffer, item.field.byteOffset, item.field.byteLength);
  const size = view.getUint16(0, true);
  if (size > data.length) {
    throw new ProtocolError("image/nvs-bad-value", `${where} has ${size} bytes, its span has room for ${data.length}`);
  }
  const exact = data.subarray(0, size);
  if (nvsCrc(exact) !== view.getUint32(4, true)) {
    throw new ProtocolError("image/nvs-bad-checksum", `data of ${where} has a wrong CRC-32`);
  }
  return exact;
}

/** Shape of an index's field: size of the whole (u32), number of chunks (u8), index of the first (u8). */
function readChunks(stored: StoredItem, chunks: ReadonlyMap<string, StoredItem>): Uint8Array {
  const { field } = stored.item;
  const size = new DataView(field.buffer, field.byteOffset, field.byteLength).getUint32(0, true);
  const [count, first] = [field[4] as number, field[5] as number];
  const parts = Array.from({ length: count }, (_, index) => chunks.get(chunkId(stored, first + index)));
  const found = parts.filter((part) => part !== undefined).map(readData);
  const total = found.reduce((sum, { length }) => sum + length, 0);
  if (found.length !== count || total !== size) {
    throw new ProtocolError(
      "image/nvs-blob-incomplete",
      `blob ${stored.item.key} at ${stored.where} has ${found.length} of ${count} chunks and ${total} of ${size} bytes`,
    );
  }
  const blob = new Uint8Array(size);
  let offset = 0;
  for (const part of found) {
    blob.set(part, offset);
    offset += part.length;
  }
  return blob;
}

function chunkId({ item }: StoredItem, chunkIndex = item.chunkIndex): string {
  return `${item.namespaceIndex} ${chunkIndex} ${item.key}`;
}
