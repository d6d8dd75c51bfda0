import { ByteWriter, RefusedError } from "@espx/proto";
import { ITEM_SIZE, KEY_MAX, NO_CHUNK, type NvsItem, dataField, encodeItem } from "./item.ts";
import { PAGE_SIZE, PageWriter } from "./page.ts";
import { type NvsEntry, encodeNumber, itemType } from "./value.ts";

const STRING_MAX = 4000;
const NAMESPACES_MAX = 254;
const CHUNKS_MAX = 127;
const NOTHING = new Uint8Array();

/**
 * Make an NVS partition that the driver takes as one it wrote itself.
 *
 * Namespaces are numbered in the order in which they first occur. One page stays empty: the driver needs it to move
 * what it keeps.
 * @param sizeBytes - a multiple of 4096, at least two pages; a board's table says 0x4000 or 0x6000
 * @throws RefusedError `image/nvs-full`, `image/nvs-unfit`
 * @source ESP-IDF docs, "NVS", "Internals"
 */
export function encodeNvs(entries: readonly NvsEntry[], sizeBytes: number): Uint8Array {
  const writer = new PartitionWriter(sizeBytes);
  for (const entry of entries) writer.add(entry);
  return writer.take();
}

class PartitionWriter {
  readonly #sizeBytes: number;
  readonly #full: Uint8Array[] = [];
  readonly #namespaces = new Map<string, number>();
  readonly #keys = new Set<string>();
  #page = new PageWriter(0);

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    if (sizeBytes % PAGE_SIZE !== 0 || sizeBytes < 2 * PAGE_SIZE) {
      throw new RefusedError(
        "image/nvs-unfit",
        `NVS partition of ${sizeBytes} bytes, expected two or more pages of 4096`,
      );
    }
  }

  add(entry: NvsEntry): void {
    checkKey(entry.key, "key");
    const id = `${entry.namespace}\0${entry.key}`;
    if (this.#keys.has(id))
      throw new RefusedError("image/nvs-unfit", `key ${entry.key} occurs twice in ${entry.namespace}`);
    this.#keys.add(id);
    const head = { namespaceIndex: this.#namespaceIndex(entry.namespace), chunkIndex: NO_CHUNK, key: entry.key };
    if (entry.type === "blob") this.#addBlob(head, entry.value);
    else if (entry.type === "string") this.#addString(head, entry.value);
    else this.#addNumber(head, itemType[entry.type], encodeNumber(entry), String(entry.value));
  }

  take(): Uint8Array {
    const pages = [...this.#full, this.#page.take(false)];
    const partition = new Uint8Array(this.#sizeBytes).fill(0xff);
    for (const [index, page] of pages.entries()) partition.set(page, index * PAGE_SIZE);
    return partition;
  }

  #namespaceIndex(name: string): number {
    const known = this.#namespaces.get(name);
    if (known !== undefined) return known;
    checkKey(name, "namespace");
    const index = this.#namespaces.size + 1;
    if (index > NAMESPACES_MAX)
      throw new RefusedError("image/nvs-unfit", `there are more than ${NAMESPACES_MAX} namespaces`);
    this.#namespaces.set(name, index);
    const field = encodeNumber({ type: "u8", value: index });
    this.#addNumber({ namespaceIndex: 0, chunkIndex: NO_CHUNK, key: name }, itemType.u8, field, name);
    return index;
  }

  #addNumber(head: Head, type: number, field: Uint8Array | null, value: string): void {
    if (field === null)
      throw new RefusedError("image/nvs-unfit", `${head.key} is ${value}, which is outside of its type`);
    if (this.#page.freeEntries === 0) this.#newPage();
    this.#put({ ...head, type, span: 1, field }, NOTHING);
  }

  #addString(head: Head, value: string): void {
    const data = new TextEncoder().encode(`${value}\0`);
    if (data.length > STRING_MAX || value.includes("\0")) {
      throw new RefusedError(
        "image/nvs-unfit",
        `string ${head.key} has ${data.length} bytes, at most ${STRING_MAX} with its end`,
      );
    }
    const span = 1 + entriesOf(data);
    if (this.#page.freeEntries <= span) this.#newPage();
    this.#put({ ...head, type: itemType.string, span, field: dataField(data) }, data);
  }

  /** Chunks fill the pages up; the index that joins them comes last. */
  #addBlob(head: Head, value: Uint8Array): void {
    if (this.#page.freeEntries === 0) this.#newPage();
    let count = 0;
    let offset = 0;
    do {
      const room = (this.#page.freeEntries - 1) * ITEM_SIZE;
      const data = value.subarray(offset, offset + room);
      const item = { ...head, type: itemType.blobData, span: 1 + entriesOf(data), chunkIndex: count++ };
      this.#put({ ...item, field: dataField(data) }, data);
      offset += data.length;
      if (offset < value.length || room - data.length < ITEM_SIZE) this.#newPage();
    } while (offset < value.length);
    if (count > CHUNKS_MAX)
      throw new RefusedError("image/nvs-unfit", `blob ${head.key} has ${value.length} bytes, too many`);
    const field = new ByteWriter(8).u32le(value.length).u8(count).u8(0).u16le(0xffff).take();
    this.#put({ ...head, type: itemType.blobIndex, span: 1, field }, NOTHING);
  }

  #put(item: NvsItem, data: Uint8Array): void {
    this.#page.add(encodeItem(item), data);
  }

  #newPage(): void {
    this.#full.push(this.#page.take(true));
    const pages = this.#sizeBytes / PAGE_SIZE;
    if (this.#full.length + 1 >= pages) {
      throw new RefusedError("image/nvs-full", `the values need more than ${pages - 1} of the ${pages} pages`, {
        hint: "use a layout with a larger nvs partition",
      });
    }
    this.#page = new PageWriter(this.#full.length);
  }
}

type Head = Pick<NvsItem, "namespaceIndex" | "chunkIndex" | "key">;

function entriesOf(data: Uint8Array): number {
  return Math.ceil(data.length / ITEM_SIZE);
}

function checkKey(key: string, what: string): void {
  const { length } = new TextEncoder().encode(key);
  if (length >= 1 && length <= KEY_MAX && !key.includes("\0")) return;
  throw new RefusedError("image/nvs-unfit", `${what} "${key}" has ${length} bytes, expected 1 to ${KEY_MAX}`);
}
