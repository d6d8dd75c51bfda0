import type { FlashTools } from "./chip-catalogue.ts";

/** The smallest piece of flash that can be erased, and the piece that a chip is asked about first. */
export const sectorBytes = 4096;
const blockBytes = 65_536;

/** Largest download: what one lost block costs, and what is compressed while the one before is sent. */
const runMaxBytes = 256 * 1024;

/** Bytes and where they belong. The address is a multiple of 4096. */
export interface FlashRegion {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** For messages: a file's or partition's name. */
  readonly name?: string | undefined;
}

/** Something to do to flash. */
export type FlashRun =
  | { readonly kind: "write"; readonly address: number; readonly bytes: Uint8Array }
  /** The new content is blank there, the old one is not. */
  | { readonly kind: "erase"; readonly address: number; readonly sizeBytes: number };

/** What is missing on a chip, in the order of its addresses. */
export interface FlashPlan {
  readonly runs: readonly FlashRun[];
  readonly writeBytes: number;
  readonly eraseBytes: number;
  /** Bytes that are on the chip already. */
  readonly unchangedBytes: number;
}

/** Asks a chip for the MD5 of a range of its flash. */
export type AskMd5 = (address: number, sizeBytes: number) => Promise<Uint8Array>;

type State = "same" | "write" | "erase";

interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/**
 * Compares regions with a chip, 64 KiB at a time, and by 4 KiB where a block differs but may not differ everywhere: its first and
 * last sector are asked for, then, when either is as it shall be, all others. After blocks that differed wholly, one is enough.
 *
 * @param options.isErased - the chip is known to be blank: nothing is asked
 */
export async function planFlash(
  regions: readonly FlashRegion[],
  ask: AskMd5,
  options: {
    readonly md5: FlashTools["md5"];
    readonly isErased?: boolean;
    readonly onProgress?: ((doneBytes: number) => void) | undefined;
  },
): Promise<FlashPlan> {
  const compare = new Comparison(ask, options.md5);
  const builder = new PlanBuilder();
  let doneBytes = 0;
  for (const block of regions.flatMap(blocksOf)) {
    const states = options.isErased === true ? blankChip(block) : await compare.block(block);
    for (const [index, piece] of sectorsOf(block).entries()) builder.add(piece, states[index] ?? "write");
    doneBytes += block.bytes.length;
    options.onProgress?.(doneBytes);
  }
  return builder.plan();
}

/** Asks a chip block by block. */
class Comparison {
  readonly #ask: AskMd5;
  readonly #md5: FlashTools["md5"];
  readonly #blank = new Map<number, Uint8Array>();
  #whollyDifferent = 0;

  constructor(ask: AskMd5, md5: FlashTools["md5"]) {
    this.#ask = ask;
    this.#md5 = md5;
  }

  async block(block: Piece): Promise<readonly State[]> {
    const sectors = sectorsOf(block);
    const digest = await this.#ask(block.address, block.bytes.length);
    if (isEqual(digest, this.#md5(block.bytes))) return sectors.map(() => "same");
    if (isEqual(digest, this.#blankMd5(block.bytes.length))) return blankChip(block);
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

/** Joins sectors of one kind that follow each other. */
class PlanBuilder {
  readonly #runs: { kind: "write" | "erase"; address: number; pieces: Piece[]; sizeBytes: number }[] = [];
  #unchangedBytes = 0;

  add(piece: Piece, state: State): void {
    if (state === "same") {
      this.#unchangedBytes += piece.bytes.length;
      return;
    }
    const last = this.#runs.at(-1);
    const continues = last?.kind === state && last.address + last.sizeBytes === piece.address;
    if (last !== undefined && continues && (state === "erase" || last.sizeBytes < runMaxBytes)) {
      last.pieces.push(piece);
      last.sizeBytes += piece.bytes.length;
    } else {
      this.#runs.push({ kind: state, address: piece.address, pieces: [piece], sizeBytes: piece.bytes.length });
    }
  }

  plan(): FlashPlan {
    const runs = this.#runs.map(({ kind, address, pieces, sizeBytes }): FlashRun => {
      // A sector is erased whole, also where a region ends within it.
      if (kind === "erase") return { kind, address, sizeBytes: Math.ceil(sizeBytes / sectorBytes) * sectorBytes };
      const bytes = new Uint8Array(sizeBytes);
      for (const piece of pieces) bytes.set(piece.bytes, piece.address - address);
      return { kind, address, bytes };
    });
    const total = (kind: FlashRun["kind"]): number =>
      this.#runs.reduce((sum, run) => sum + (run.kind === kind ? run.sizeBytes : 0), 0);
    return { runs, writeBytes: total("write"), eraseBytes: total("erase"), unchangedBytes: this.#unchangedBytes };
  }
}

/** On a blank chip what is blank is there. */
function blankChip(block: Piece): readonly State[] {
  return sectorsOf(block).map(({ bytes }) => (isBlank(bytes) ? "same" : "write"));
}

/** Pieces up to the boundaries of blocks of 64 KiB. */
function blocksOf({ address, bytes }: FlashRegion): Piece[] {
  return split({ address, bytes }, blockBytes);
}

function sectorsOf(piece: Piece): Piece[] {
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

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0xff);
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
