import { type Clock, RefusedError, type SimWorld, UsageError } from "@espx/proto";
import { loadAssets, type SimAssets } from "./assets.ts";
import type { BoardWorld } from "./board/boot-reason.ts";
import type { VirtualBoardOptions } from "./board/board-options.ts";
import { VirtualBoard } from "./board/virtual-board.ts";
import { WorldTurns } from "./board/world-turns.ts";
import { SimNet } from "./net/sim-net.ts";
import { RealWorldClock, VirtualWorldClock } from "./world-clock.ts";

/** How a world is made. */
export interface WorldOptions {
  readonly mode: "real" | "virtual";
  /** Fixes all that is random in virtual time; 1 when left out. */
  readonly seed?: number;
  /** Real time: the broker that the boards use; its port is where broker faults apply. */
  readonly brokerUrl?: string;
  /** Folder of the packed parts of the boards; see `loadAssets`. */
  readonly assets?: string;
  /** Virtual time: real ms without a sign of life after which a board is taken to compute without end; 5000. */
  readonly quietMs?: number;
}

/** Boards of a world in virtual time; its network has no more addresses. */
const boardsMax = 250;

/** Real time is given this long to let what the boards said reach those who listen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Virtual boards on one clock. */
export class World implements SimWorld, AsyncDisposable {
  readonly mode: "real" | "virtual";
  /** The network around the boards. */
  readonly net: SimNet;
  readonly #assets: SimAssets;
  readonly #clock: RealWorldClock | VirtualWorldClock;
  readonly #boardWorld: BoardWorld;
  readonly #boards: VirtualBoard[] = [];
  readonly #turns: WorldTurns | undefined;
  #advancing = false;

  constructor(options: WorldOptions, assets: SimAssets) {
    this.mode = options.mode;
    this.#assets = assets;
    const clock = options.mode === "real" ? new RealWorldClock() : new VirtualWorldClock();
    this.#clock = clock;
    const { seed = 1, brokerUrl } = options;
    const nowMs = (): number => (this.#turns === undefined ? clock.now() : this.#turns.nowUs / 1000);
    this.net = new SimNet({
      mode: options.mode,
      clock: { now: nowMs },
      seed,
      ...(brokerUrl !== undefined && { brokerUrl }),
    });
    if (this.net.network !== undefined) {
      this.#turns = new WorldTurns(boardsMax, options.quietMs ?? 5000, this.net.network);
      this.net.attach(this.#turns);
    }
    this.#boardWorld = {
      mode: options.mode,
      beganMs: clock instanceof RealWorldClock ? clock.beganMs : 0,
      seed,
      clock,
      turns: this.#turns,
      nowUs: () => this.#turns?.nowUs ?? clock.now() * 1000,
    };
  }

  get clock(): Clock {
    return this.#clock;
  }

  boards(): readonly VirtualBoard[] {
    return this.#boards;
  }

  /**
   * Adds a board, without power.
   *
   * @throws UsageError `sim/bad-name` when there is one of that name
   * @throws RefusedError `sim/too-many-boards` for more than 250 in virtual time
   */
  async addBoard(options: VirtualBoardOptions): Promise<VirtualBoard> {
    if (this.#boards.some(({ name }) => name === options.name)) {
      throw new UsageError("sim/bad-name", `there is a board named ${options.name} already`);
    }
    if (this.mode === "virtual" && this.#boards.length >= boardsMax) {
      throw new RefusedError("sim/too-many-boards", `a world in virtual time holds ${boardsMax} boards`, {
        hint: 'Make another world for the rest, or use mode "real".',
      });
    }
    const net = this.net.join(undefined, options.name);
    const board = new VirtualBoard(options, this.#boardWorld, this.#assets, [net]);
    this.#boards.push(board);
    return board;
  }

  /**
   * Runs everything that is due within `ms` and stops the clock there.
   *
   * @throws UsageError `sim/not-virtual` in real time, `sim/already-advancing` while an advance is under way
   */
  async advance(ms: number): Promise<void> {
    const clock = this.#clock;
    if (!(clock instanceof VirtualWorldClock)) {
      throw new UsageError("sim/not-virtual", "only a world in virtual time can be advanced");
    }
    if (this.#advancing) throw new UsageError("sim/already-advancing", "this world is being advanced already");
    this.#advancing = true;
    try {
      await this.#advanceTo(clock, clock.now() + ms);
    } finally {
      this.#advancing = false;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#boards.map((board) => board.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** In steps that end where somebody on the outside sleeps: what he then does comes before the boards go on. */
  async #advanceTo(clock: VirtualWorldClock, targetMs: number): Promise<void> {
    for (;;) {
      const nextMs = Math.min(targetMs, clock.nextMs);
      await this.#turns?.runTo(nextMs * 1000);
      clock.advanceTo(nextMs);
      await settle();
      if (nextMs >= targetMs && clock.nextMs > targetMs) break;
    }
    await this.#turns?.runTo(targetMs * 1000);
  }
}

/**
 * Makes a world for virtual boards. In real time the first one takes some seconds when the interpreter must be built.
 *
 * @throws NotFoundError `sim/assets-missing`
 */
export async function createWorld(options: WorldOptions): Promise<World> {
  return new World(options, await loadAssets(options.assets));
}
