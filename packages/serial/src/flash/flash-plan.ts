import type { FlashTools } from "./chip-catalogue.ts";
import { type AskMd5, blankChip, Comparison, type State } from "./flash-comparison.ts";
import { blockBytes, isBlank, type Piece, sectorBytes, sectorsOf } from "./flash-pieces.ts";

/** Most blocks that are asked about at once: a chip takes up to a second for their MD5. */
const blocksMax = 16;

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

/**
 * Compares regions with a chip: 64 KiB at first, twice as much after each piece that is as it shall be, and by halves down to 64 KiB where
 * one is not. See {@link Comparison} for what is asked within a block.
 *
 * @param options.known - `blank`: the chip was erased; `nothing`: it cannot be asked, and all is written. Nothing is asked then.
 */
export async function planFlash(
  regions: readonly FlashRegion[],
  ask: AskMd5,
  options: {
    readonly md5: FlashTools["md5"];
    readonly known?: "blank" | "nothing" | undefined;
    readonly onProgress?: ((doneBytes: number) => void) | undefined;
  },
): Promise<FlashPlan> {
  const compare = new Comparison(ask, options.md5);
  const builder = new PlanBuilder();
  let doneBytes = 0;
  for (const region of regions) {
    let blocks = 1;
    for (let at = 0; at < region.bytes.length;) {
      const piece = pieceAt(region, at, blocks);
      const states = await statesOf(piece, compare, options.known);
      for (const [index, sector] of sectorsOf(piece).entries()) builder.add(sector, states[index] ?? "write");
      blocks = compare.wasUniform ? Math.min(blocks * 2, blocksMax) : 1;
      at += piece.bytes.length;
      options.onProgress?.((doneBytes += piece.bytes.length));
    }
  }
  return builder.plan();
}

function statesOf(
  piece: Piece,
  compare: Comparison,
  known: "blank" | "nothing" | undefined,
): Promise<readonly State[]> | readonly State[] {
  if (known === "blank") return blankChip(piece);
  if (known === "nothing") return sectorsOf(piece).map(({ bytes }) => (isBlank(bytes) ? "erase" : "write"));
  return compare.piece(piece);
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

/** So many blocks of a region from `at` on, the first one cut short where the region begins within it. */
function pieceAt({ address, bytes }: FlashRegion, at: number, blocks: number): Piece {
  const length = blocks * blockBytes - ((address + at) % blockBytes);
  return { address: address + at, bytes: bytes.subarray(at, at + length) };
}
