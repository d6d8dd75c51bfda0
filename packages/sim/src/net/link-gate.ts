import type { WorkerContext } from "../worker/context.ts";
import type { NetAddress } from "./net-address.ts";
import type { NetScript } from "./net-script.ts";

/** What a fault puts between a board and the network while the link is up. */
type Obstacles = Pick<NetScript, "delayMs" | "cutOff" | "brokerPorts">;

/** Something that waits to cross, and whom the board talks to. */
interface Crossing {
  readonly action: () => void;
  readonly peer: NetAddress | undefined;
}

/**
 * The air between a board and the network. It holds, in both directions and in order, what cannot cross while the link is down or the
 * peer is out of reach: what TCP repeats until there is a way again. A delay lets everything cross that much later.
 */
export class LinkGate {
  readonly #context: Pick<WorkerContext, "now" | "at">;
  #isOpen = false;
  #held: Crossing[] = [];
  #obstacles: Obstacles = { delayMs: 0, cutOff: "nothing", brokerPorts: [] };
  /** When the last packet that was delayed is across: a later one does not overtake it. */
  #lastMs = 0;

  constructor(context: Pick<WorkerContext, "now" | "at">) {
    this.#context = context;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether there is a way to `peer` now; without one, to anybody at all. */
  reaches(peer: NetAddress | undefined): boolean {
    return this.#isOpen && !this.isCutOff(peer);
  }

  /** Whether a fault stands between the board and `peer`. */
  isCutOff(peer: NetAddress | undefined): boolean {
    const { cutOff, brokerPorts } = this.#obstacles;
    if (cutOff === "broker") return peer !== undefined && brokerPorts.includes(peer.port);
    return cutOff === "everything";
  }

  setObstacles(obstacles: Obstacles): void {
    this.#obstacles = obstacles;
    this.#release();
  }

  /** Runs `action` now, later where packets are delayed, or when there is a way to `peer` again. */
  pass(action: () => void, peer?: NetAddress): void {
    if (!this.reaches(peer)) {
      this.#held.push({ action, peer });
      return;
    }
    const now = this.#context.now();
    this.#lastMs = Math.max(this.#lastMs, now + this.#obstacles.delayMs);
    if (this.#lastMs <= now) action();
    else this.#context.at(this.#lastMs, () => this.#arrive(action, peer));
  }

  open(): void {
    this.#isOpen = true;
    this.#release();
  }

  shut(): void {
    this.#isOpen = false;
  }

  /** Nothing that was held will ever cross. */
  forget(): void {
    this.#held = [];
  }

  /** What was on its way when the way went is held after all. */
  #arrive(action: () => void, peer: NetAddress | undefined): void {
    if (this.reaches(peer)) action();
    else this.#held.push({ action, peer });
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const { action, peer } of held) this.pass(action, peer);
  }
}
