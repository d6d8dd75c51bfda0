import { blockBytes, sectorBytes } from "./flash-memory.ts";

/** How long a flash chip takes, in ms. */
export interface FlashTiming {
  readonly sectorEraseMs: number;
  readonly blockEraseMs: number;
  /** For one page of 256 bytes. */
  readonly pageProgramMs: number;
}

/** Bytes that are programmed in one go. */
const pageBytes = 256;

/** A flash that takes no time: what tests use, and what a board has unless told otherwise. */
export const instantFlash: FlashTiming = { sectorEraseMs: 0, blockEraseMs: 0, pageProgramMs: 0 };

/**
 * Typical times of the parts that ESP32 modules carry.
 *
 * @source GD25Q32E data sheet, AC characteristics, "typ": sector 45 ms, 64 KiB block 150 ms, page 0.4 ms
 */
export const typicalFlash: FlashTiming = { sectorEraseMs: 45, blockEraseMs: 150, pageProgramMs: 0.4 };

/** Time for erasing the sectors that `length` bytes from `offset` touch: whole blocks at once, the rest by sectors. */
export function eraseMs(timing: FlashTiming, offset: number, length: number): number {
  const end = Math.ceil((offset + length) / sectorBytes) * sectorBytes;
  let total = 0;
  for (let at = offset - (offset % sectorBytes); at < end;) {
    const isBlock = at % blockBytes === 0 && end - at >= blockBytes;
    total += isBlock ? timing.blockEraseMs : timing.sectorEraseMs;
    at += isBlock ? blockBytes : sectorBytes;
  }
  return total;
}

/** Time for programming `length` bytes from `offset`, page by page. */
export function programMs(timing: FlashTiming, offset: number, length: number): number {
  if (length === 0) return 0;
  const pages = Math.floor((offset + length - 1) / pageBytes) - Math.floor(offset / pageBytes) + 1;
  return pages * timing.pageProgramMs;
}
