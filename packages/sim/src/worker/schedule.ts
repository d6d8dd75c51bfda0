import { ControlBlock, controlBlockBytes, dueTime, spinsWord } from "./control-block.ts";

/** Places of the 32-bit words of the world's own block, which lies before those of the boards. */
const word = { holder: 0, hostWanted: 1, posted: 2, progress: 3, seats: 4 } as const;

/** Places of its times. */
const time = { horizon: 0, lookahead: 1 } as const;

const wordsPerBlock = controlBlockBytes / 4;
const timesPerBlock = controlBlockBytes / 8;

/** The host holds the baton. */
export const host = -1;

/** So many messages from boards may wait before the host has its turn. */
const postedMax = 2000;

/** Who is to run: a board by its seat, or the host. */
export type Turn = number;

/**
 * What the boards of a world in virtual time share, so that the last one to park wakes the next one due without a
 * way over the host. Only the holder of the baton reads and writes times here.
 */
export class Schedule {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  /** The whole buffer: who is due is looked up at each pass, over all boards. */
  readonly #allWords: Int32Array;
  readonly #allTimes: Float64Array;
  readonly #boards: readonly ControlBlock[];

  /** @param source - how many boards there may be, or the buffer of the schedule to join */
  constructor(source: number | SharedArrayBuffer) {
    this.buffer = typeof source === "number" ? new SharedArrayBuffer((source + 1) * controlBlockBytes) : source;
    this.#words = new Int32Array(this.buffer, 0, 8);
    this.#times = new Float64Array(this.buffer, 32, 4);
    this.#allWords = new Int32Array(this.buffer);
    this.#allTimes = new Float64Array(this.buffer);
    const count = this.buffer.byteLength / controlBlockBytes - 1;
    this.#boards = Array.from({ length: count }, (_, seat) => new ControlBlock(this.buffer, seat + 1));
    if (typeof source !== "number") return;
    Atomics.store(this.#words, word.holder, host);
    for (const board of this.#boards) board.restart();
  }

  /** Boards sit at seats from 0 on; only so many are looked at. */
  set seats(count: number) {
    Atomics.store(this.#words, word.seats, count);
  }

  /** @param seat - of a board, from 0 */
  board(seat: number): ControlBlock {
    const board = this.#boards[seat];
    if (board === undefined) throw new RangeError(`no seat ${seat}`);
    return board;
  }

  /** No board runs beyond this time before the host had its turn, µs. */
  get horizonUs(): number {
    return this.#times[time.horizon] ?? 0;
  }

  set horizonUs(us: number) {
    this.#times[time.horizon] = us;
  }

  /** How far a board may run ahead of the others, since nothing that they do reaches it earlier, µs. */
  set lookaheadUs(us: number) {
    this.#times[time.lookahead] = us;
  }

  get holder(): Turn {
    return Atomics.load(this.#words, word.holder);
  }

  /** The host asks for the baton at the next pass. */
  wantHost(): void {
    Atomics.store(this.#words, word.hostWanted, 1);
  }

  /** Goes up while boards make progress. */
  get progress(): number {
    return Atomics.load(this.#words, word.progress);
  }

  noteProgress(): void {
    this.#words[word.progress] = ((this.#words[word.progress] ?? 0) + 1) | 0;
  }

  /** Counts a message to the host; true when it is time that the host reads them. */
  notePosted(): boolean {
    return Atomics.add(this.#words, word.posted, 1) >= postedMax;
  }

  /** Whether a holder must give the baton away at its next wait. */
  get hostIsDue(): boolean {
    return Atomics.load(this.#words, word.hostWanted) === 1 || Atomics.load(this.#words, word.posted) >= postedMax;
  }

  /** How far `seat` may run before another one has its turn, as long as it sends nothing, µs. */
  limitUs(seat: number): number {
    const seats = this.#words[word.seats] ?? 0;
    let limitUs = Infinity;
    for (let other = 0; other < seats; other++) {
      const dueUs = this.#dueUs(other);
      if (dueUs < limitUs && other !== seat) limitUs = dueUs;
    }
    return limitUs + (this.#times[time.lookahead] ?? 0);
  }

  /** The board that is due first, of equals the first; `host` when none is within the horizon. */
  get first(): Turn {
    const seats = this.#words[word.seats] ?? 0;
    let first: Turn = host;
    let firstUs = Infinity;
    for (let seat = 0; seat < seats; seat++) {
      const dueUs = this.#dueUs(seat);
      if (!(dueUs < firstUs)) continue;
      first = seat;
      firstUs = dueUs;
    }
    return firstUs <= this.horizonUs ? first : host;
  }

  /** When the first board is due; Infinity when none is. */
  get firstDueUs(): number {
    return this.limitUs(host) - (this.#times[time.lookahead] ?? 0);
  }

  /**
   * Gives the baton to whom it is due; answers to whom it went.
   *
   * @returns undefined when `from` does not hold it any more
   */
  pass(from: Turn): Turn | undefined {
    const next = this.hostIsDue ? host : this.first;
    if (!this.#hand(from, next)) return undefined;
    if (next !== host && next !== from) this.board(next).wake();
    return next;
  }

  /** Gives the baton back to the host, whoever is due. */
  release(from: Turn): boolean {
    return this.#hand(from, host);
  }

  /** The host takes the baton from a board that does not give it; false when it just did. */
  revoke(seat: number): boolean {
    this.board(seat).spins = true;
    if (this.#hand(seat, host)) return true;
    this.board(seat).spins = false;
    return false;
  }

  /** The host begins its turn. */
  beginHostTurn(): void {
    Atomics.store(this.#words, word.hostWanted, 0);
    Atomics.store(this.#words, word.posted, 0);
  }

  /** When a board is due; Infinity when nobody waits for it. */
  #dueUs(seat: number): number {
    if (this.#allWords[(seat + 1) * wordsPerBlock + spinsWord] === 1) return Infinity;
    return this.#allTimes[(seat + 1) * timesPerBlock + dueTime] ?? Infinity;
  }

  #hand(from: Turn, to: Turn): boolean {
    return Atomics.compareExchange(this.#words, word.holder, from, to) === from;
  }
}
