import type { FlashOperation } from "@espx/proto";
import { type FlashTiming, programMs } from "../chip/flash-timing.ts";
import { blockBytes } from "./flash-geometry.ts";

/**
 * How long an operation of the file system keeps the chip busy, in ms; a model: each block that a write begins is erased first, its
 * bytes are programmed page by page, and every other operation is one entry of a folder or of NVS, one page.
 */
export function operationMs(timing: FlashTiming, operation: FlashOperation): number {
  if (operation.kind !== "write") return timing.pageProgramMs;
  const { offset, bytes } = operation;
  const begun = Math.ceil((offset + bytes.length) / blockBytes) - Math.ceil(offset / blockBytes);
  return begun * timing.sectorEraseMs + programMs(timing, offset, bytes.length);
}
