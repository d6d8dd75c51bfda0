import { crc32 } from "@espx/proto";

const ALL_ONES = 0xffffffff;

/** Makes the checksums of changed bytes fit again, in place, so that a decoder comes to look at what they cover. */
export type Reseal = (bytes: Uint8Array) => Uint8Array;

/** Every metadata block of a littlefs: the CRC of each commit, as far as tags can be followed. */
export function resealLittlefs(blockSizeBytes: number): Reseal {
  return (bytes) => {
    for (let at = 0; at + blockSizeBytes <= bytes.length; at += blockSizeBytes) {
      const block = bytes.subarray(at, at + blockSizeBytes);
      if (block.some((byte) => byte !== 0xff)) resealBlock(block);
    }
    return bytes;
  };
}

function resealBlock(block: Uint8Array): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  let before = ALL_ONES;
  let start = 0;
  for (let offset = 4; offset + 8 <= block.length;) {
    const tag = (view.getUint32(offset) ^ before) >>> 0;
    const length = tag & 0x3ff;
    if (tag >= 0x80000000) return;
    const isCommit = ((tag >>> 20) & 0x780) === 0x500;
    if (isCommit) view.setUint32(offset + 4, ~crc32(block.subarray(start, offset + 4)) >>> 0, true);
    offset += 4 + (length === 0x3ff ? 0 : length);
    before = isCommit && ((tag >>> 20) & 1) === 1 ? (tag ^ 0x80000000) >>> 0 : tag;
    if (isCommit) start = offset;
  }
}

/** Every page of an NVS partition: header, items, and the data that follows an item. */
export function resealNvs(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at + 4096 <= bytes.length; at += 4096) resealPage(bytes.subarray(at, at + 4096));
  return bytes;
}

function resealPage(page: Uint8Array): void {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  view.setUint32(28, crc32(page.subarray(4, 28), ALL_ONES), true);
  for (let at = 64; at < page.length; at += 32 * Math.max(1, page[at + 2] as number)) {
    const type = page[at + 1] as number;
    const hasData = type === 0x21 || type === 0x41 || type === 0x42;
    const size = view.getUint16(at + 24, true);
    if (hasData) view.setUint32(at + 28, crc32(page.subarray(at + 32, at + 32 + size), ALL_ONES), true);
    const rest = crc32(page.subarray(at + 8, at + 32), crc32(page.subarray(at, at + 4), ALL_ONES));
    view.setUint32(at + 4, rest, true);
  }
}
