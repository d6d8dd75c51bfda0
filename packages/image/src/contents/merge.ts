import { RefusedError } from "@espx/proto";

/** Bytes and where in flash they go. */
export interface MergePart {
  /** How messages name it. */
  readonly name: string;
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Where a merged file begins and ends. */
export interface MergeOptions {
  /** Flash address of its first byte. Default 0. */
  readonly offset?: number;
  /** Flash address at which it ends, filled up with 0xff; without it, behind the last part. */
  readonly fillToBytes?: number;
}

/**
 * One file of several, with 0xff where there is nothing.
 *
 * @throws RefusedError `image/merge-overlap`, `image/merge-outside`
 * @source esptool docs, "merge-bin", raw output
 */
export function mergeParts(parts: readonly MergePart[], { offset = 0, fillToBytes }: MergeOptions = {}): Uint8Array {
  const sorted = parts.toSorted((a, b) => a.address - b.address);
  checkOverlaps(sorted);
  const [first] = sorted;
  if (first !== undefined && first.address < offset) {
    const message = `${first.name} goes to ${hex(first.address)}, before the start of the merged file at ${hex(offset)}`;
    throw new RefusedError("image/merge-outside", message, { hint: `let it start at ${hex(first.address)} or below` });
  }
  const last = sorted.at(-1);
  const end = last === undefined ? offset : endOf(last);
  if (last !== undefined && fillToBytes !== undefined && end > fillToBytes) {
    const message = `${last.name} ends at ${hex(end)}, behind the end of the merged file at ${hex(fillToBytes)}`;
    throw new RefusedError("image/merge-outside", message, { hint: "fill up to the size of a larger flash" });
  }
  const merged = new Uint8Array((fillToBytes ?? end) - offset).fill(0xff);
  for (const { address, bytes } of sorted) merged.set(bytes, address - offset);
  return merged;
}

function checkOverlaps(sorted: readonly MergePart[]): void {
  for (const [index, part] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || endOf(before) <= part.address) continue;
    throw new RefusedError(
      "image/merge-overlap",
      `${part.name} goes to ${hex(part.address)}, where ${before.name} (${hex(before.address)}..${hex(endOf(before))}) still is`,
      { hint: "check the addresses" },
    );
  }
}

const endOf = ({ address, bytes }: MergePart): number => address + bytes.length;

const hex = (value: number): string => `0x${value.toString(16)}`;
