import { ByteReader, ByteWriter, ProtocolError } from "@espx/proto";
import { ITEM_SIZE, type NvsItem, decodeItem, nvsCrc } from "./item.ts";

/** An item with the data that follows it. */
export interface StoredItem {
  readonly item: NvsItem;
  /** Whole entries: may be longer than the item says its data is. */
  readonly data: Uint8Array;
  /** For messages: page and entry, counted from 0. */
  readonly where: string;
}

/** A page that holds something. */
export interface NvsPage {
  readonly sequence: number;
  readonly items: readonly StoredItem[];
}

export const PAGE_SIZE = 4096;
const ENTRIES_PER_PAGE = 126;
/** Version byte of a page whose blobs may span pages; 0xff is the one before. */
const PAGE_VERSION_2 = 0xfe;

/** States of a page; each clears one bit more. */
const pageState = {
  empty: 0xffffffff,
  active: 0xfffffffe,
  full: 0xfffffffc,
  freeing: 0xfffffff8,
  corrupt: 0xfffffff0,
  invalid: 0,
} as const;

const HEADER_SIZE = 32;
const BITMAP_SIZE = 32;
const FIRST_ENTRY = HEADER_SIZE + BITMAP_SIZE;
const WRITTEN = 2;

/**
 * Read the items of a page that are written and not erased.
 *
 * Shape: header (state u32, sequence u32, version u8, 19 spare, CRC-32 of bytes 4..27), bitmap (two bits an entry:
 * 11 empty, 10 written, 00 erased), 126 entries of 32 bytes. The last item of an active page may lack entries: power
 * went while it was written, and it does not count.
 * @returns null for a page that is empty, or that the driver has given up
 * @throws ProtocolError `image/nvs-bad-value`, `image/nvs-bad-checksum`
 * @source ESP-IDF docs, "NVS", "Structure of a Page"
 */
export function decodePage(bytes: Uint8Array, number: number): NvsPage | null {
  const reader = new ByteReader(bytes.subarray(0, HEADER_SIZE));
  const state = reader.u32le();
  if (state === pageState.empty || state === pageState.corrupt || state === pageState.invalid) return null;
  if (state !== pageState.active && state !== pageState.full && state !== pageState.freeing) {
    throw new ProtocolError("image/nvs-bad-value", `page ${number} has state 0x${state.toString(16)}`);
  }
  const sequence = reader.u32le();
  const version = reader.u8();
  reader.bytes(19);
  if (reader.u32le() !== nvsCrc(bytes.subarray(4, 28))) {
    throw new ProtocolError("image/nvs-bad-checksum", `page ${number} has a wrong CRC-32 in its header`);
  }
  if (version < PAGE_VERSION_2) {
    throw new ProtocolError("image/nvs-bad-value", `page ${number} has version 0x${version.toString(16)}`);
  }
  return { sequence, items: readItems(bytes, number, state === pageState.active) };
}

function readItems(bytes: Uint8Array, number: number, isActive: boolean): readonly StoredItem[] {
  const items: StoredItem[] = [];
  for (let index = 0; index < ENTRIES_PER_PAGE;) {
    if (entryState(bytes, index) !== WRITTEN) {
      index++;
      continue;
    }
    const where = `entry ${index} of page ${number}`;
    const item = decodeItem(entryAt(bytes, index, 1), where);
    if (item.span < 1 || index + item.span > ENTRIES_PER_PAGE) {
      throw new ProtocolError("image/nvs-bad-value", `${where} spans ${item.span} entries`);
    }
    if (isWritten(bytes, index, item.span)) {
      items.push({ item, data: entryAt(bytes, index + 1, item.span - 1), where });
    } else if (!isActive) {
      throw new ProtocolError("image/nvs-bad-value", `${where} lacks some of its ${item.span} entries`);
    }
    index += item.span;
  }
  return items;
}

function isWritten(bytes: Uint8Array, first: number, span: number): boolean {
  for (let index = first; index < first + span; index++) if (entryState(bytes, index) !== WRITTEN) return false;
  return true;
}

function entryState(bytes: Uint8Array, index: number): number {
  return ((bytes[HEADER_SIZE + (index >> 2)] as number) >> (2 * (index & 3))) & 3;
}

function entryAt(bytes: Uint8Array, index: number, count: number): Uint8Array {
  return bytes.subarray(FIRST_ENTRY + index * ITEM_SIZE, FIRST_ENTRY + (index + count) * ITEM_SIZE);
}

/** A page that is filled entry by entry. */
export class PageWriter {
  readonly #bytes = new Uint8Array(PAGE_SIZE).fill(0xff);
  #used = 0;

  constructor(sequence: number) {
    const counted = new ByteWriter(24).u32le(sequence).u8(PAGE_VERSION_2).bytes(new Uint8Array(19).fill(0xff)).take();
    this.#bytes.set(new ByteWriter(32).u32le(pageState.active).bytes(counted).u32le(nvsCrc(counted)).take());
  }

  get freeEntries(): number {
    return ENTRIES_PER_PAGE - this.#used;
  }

  /** Writes an item and the entries of its data, the last of which is filled up with 0xff. */
  add(item: Uint8Array, data: Uint8Array): void {
    this.#bytes.set(item, FIRST_ENTRY + this.#used * ITEM_SIZE);
    this.#bytes.set(data, FIRST_ENTRY + (this.#used + 1) * ITEM_SIZE);
    const end = this.#used + 1 + Math.ceil(data.length / ITEM_SIZE);
    for (; this.#used < end; this.#used++) {
      const at = HEADER_SIZE + (this.#used >> 2);
      this.#bytes[at] = (this.#bytes[at] as number) & ~(1 << (2 * (this.#used & 3)));
    }
  }

  take(isFull: boolean): Uint8Array {
    if (isFull) new DataView(this.#bytes.buffer).setUint32(0, pageState.full, true);
    return this.#bytes;
  }
}
