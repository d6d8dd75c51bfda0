import { ProtocolError } from "@espx/proto";
import { type BlockDevice, decodePair } from "./block-device.ts";

/** Pointers at the head of block `index` of a file: to the blocks 1, 2, 4 … before it. */
function pointerCount(index: number): number {
  return index === 0 ? 0 : trailingZeros(index) + 1;
}

/** Blocks that a file of `sizeBytes` takes. */
export function skipListBlocks(sizeBytes: number, blockSizeBytes: number): number {
  let left = sizeBytes;
  let count = 0;
  while (left > 0) left -= blockSizeBytes - 4 * pointerCount(count++);
  return count;
}

/**
 * Reads a file that has blocks of its own, from its last block back to its first.
 *
 * Shape of the struct: head (u32), the last block; size (u32) in bytes.
 * @throws ProtocolError `image/littlefs-bad-value`, `image/littlefs-shared-block`
 * @source littlefs SPEC.md, "LFS_TYPE_CTZSTRUCT"; DESIGN.md, "CTZ skip-lists"
 */
export function readSkipList(device: BlockDevice, struct: Uint8Array, path: string): Uint8Array {
  if (struct.length < 8) throw new ProtocolError("image/littlefs-bad-value", `${path} has no whole block list`);
  const [head, sizeBytes] = decodePair(struct);
  if (sizeBytes > device.blockCount * device.blockSizeBytes) {
    throw new ProtocolError(
      "image/littlefs-bad-value",
      `${path} is said to have ${sizeBytes} bytes, more than the image`,
    );
  }
  const data = new Uint8Array(sizeBytes);
  let block = head;
  let end = sizeBytes;
  for (let index = skipListBlocks(sizeBytes, device.blockSizeBytes) - 1; index >= 0; index--) {
    const bytes = device.claim(block, path);
    const dataAt = 4 * pointerCount(index);
    const start = startOffset(index, device.blockSizeBytes);
    data.set(bytes.subarray(dataAt, dataAt + end - start), start);
    end = start;
    if (index > 0) block = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }
  return data;
}

/**
 * Cuts a file into blocks.
 *
 * @param blocks - the block numbers it may use, as many as {@link skipListBlocks} says
 * @returns what goes into each of them, pointers and data
 */
export function cutSkipList(
  data: Uint8Array,
  blocks: readonly number[],
  blockSizeBytes: number,
): readonly Uint8Array[] {
  return blocks.map((_, index) => {
    const block = new Uint8Array(blockSizeBytes).fill(0xff);
    const view = new DataView(block.buffer);
    const count = pointerCount(index);
    for (let power = 0; power < count; power++) view.setUint32(4 * power, blocks[index - 2 ** power] as number, true);
    const start = startOffset(index, blockSizeBytes);
    block.set(data.subarray(start, start + blockSizeBytes - 4 * count), 4 * count);
    return block;
  });
}

// Sum of the pointers in all blocks before `index`: 2 * index less its set bits, as in DESIGN.md.
function startOffset(index: number, blockSizeBytes: number): number {
  return index * blockSizeBytes - 4 * pointersBefore(index);
}

function pointersBefore(index: number): number {
  return index === 0 ? 0 : 2 * (index - 1) - ones(index - 1);
}

function trailingZeros(value: number): number {
  return 31 - Math.clz32(value & -value);
}

function ones(value: number): number {
  let count = 0;
  for (let left = value; left > 0; left >>>= 1) count += left & 1;
  return count;
}
