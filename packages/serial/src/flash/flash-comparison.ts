import type { FlashTools } from "./chip-catalogue.ts";
import { blocksOf, isBlank, isEqual, type Piece, sectorsOf } from "./flash-pieces.ts";

/** Asks a chip for the MD5 of a range of its flash. */
export type AskMd5 = (address: number, sizeBytes: number) => Promise<Uint8Array>;

/** What is to be done with a sector. */
export type State = "same" | "write" | "erase";

/**
 * Asks a chip what it holds. Of a block that differs, the first and the last sector are asked for, then, when either is as it shall be, all
 * others; after blocks that differed wholly, one is enough.
 */
export class Comparison {
  readonly #ask: AskMd5;
  readonly #md5: FlashTools["md5"];
  readonly #blank = new Map<number, Uint8Array>();
  #whollyDifferent = 0;
  #wasUniform = false;

  constructor(ask: AskMd5, md5: FlashTools["md5"]) {
    this.#ask = ask;
    this.#md5 = md5;
  }

  /** Whether the last piece was told by one answer. */
  get wasUniform(): boolean {
    return this.#wasUniform;
  }

  /** The state of each sector of a piece, which is asked for as a whole, then by halves of whole blocks. */
  async piece(piece: Piece): Promise<readonly State[]> {
    const states = await this.#whole(piece);
    this.#wasUniform = states !== undefined;
    if (states !== undefined) return states;
    const blocks = blocksOf(piece);
    if (blocks.length === 1) return this.#differing(piece);
    const halfBytes = bytesOf(blocks.slice(0, blocks.length >> 1));
    const [first, second] = [
      await this.piece({ address: piece.address, bytes: piece.bytes.subarray(0, halfBytes) }),
      await this.piece({ address: piece.address + halfBytes, bytes: piece.bytes.subarray(halfBytes) }),
    ];
    this.#wasUniform = false;
    return [...first, ...second];
  }

  /** @returns undefined when the piece differs, and the chip is not blank there */
  async #whole(piece: Piece): Promise<readonly State[] | undefined> {
    const digest = await this.#ask(piece.address, piece.bytes.length);
    if (isEqual(digest, this.#md5(piece.bytes))) return sectorsOf(piece).map(() => "same");
    return isEqual(digest, this.#blankMd5(piece.bytes.length)) ? blankChip(piece) : undefined;
  }

  async #differing(block: Piece): Promise<readonly State[]> {
    const sectors = sectorsOf(block);
    const states: (State | undefined)[] = sectors.map(() => undefined);
    for (const index of this.#probes(sectors)) states[index] = await this.#sector(sectors[index] as Piece);
    const known = states.filter((state) => state !== undefined);
    const isWhole = known.length > 0 && known.every((state) => state === "write");
    this.#whollyDifferent = isWhole ? this.#whollyDifferent + 1 : 0;
    for (const [index, sector] of sectors.entries()) {
      states[index] ??= isWhole && !isBlank(sector.bytes) ? "write" : await this.#sector(sector);
    }
    return states as State[];
  }

  async #sector({ address, bytes }: Piece): Promise<State> {
    if (isEqual(await this.#ask(address, bytes.length), this.#md5(bytes))) return "same";
    return isBlank(bytes) ? "erase" : "write";
  }

  #probes(sectors: readonly Piece[]): readonly number[] {
    const filled = sectors.flatMap(({ bytes }, index) => (isBlank(bytes) ? [] : [index]));
    const [first] = filled;
    const last = filled.at(-1);
    if (first === undefined || last === undefined) return [];
    return this.#whollyDifferent >= 2 || first === last ? [last] : [first, last];
  }

  #blankMd5(sizeBytes: number): Uint8Array {
    const known = this.#blank.get(sizeBytes) ?? this.#md5(new Uint8Array(sizeBytes).fill(0xff));
    this.#blank.set(sizeBytes, known);
    return known;
  }
}

/** On a blank chip what is blank is there. */
export function blankChip(piece: Piece): readonly State[] {
  return sectorsOf(piece).map(({ bytes }) => (isBlank(bytes) ? "same" : "write"));
}

function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
