/** The smallest piece of flash that can be erased, and the smallest that a chip is asked about first. */
export const sectorBytes = 4096;
export const blockBytes = 65_536;

/** Some bytes and where they belong. */
export interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Pieces up to the boundaries of blocks of 64 KiB. */
export function blocksOf(piece: Piece): Piece[] {
  return split(piece, blockBytes);
}

export function sectorsOf(piece: Piece): Piece[] {
  return split(piece, sectorBytes);
}

function split({ address, bytes }: Piece, size: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(size - ((address + at) % size), bytes.length - at);
    pieces.push({ address: address + at, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return pieces;
}

export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0xff);
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
