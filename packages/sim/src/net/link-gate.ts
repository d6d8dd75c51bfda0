import type { WorkerContext } from "../worker/context.ts";
import type { NetAddress } from "./net-address.ts";
import type { NetScript } from "./net-script.ts";

/** What a fault puts between a board and the network while the link is up. */
type Obstacles = Pick<NetScript, "delayMs" | "airLossShare" | "cutOff" | "brokerPorts">;

/** How long TCP waits before it sends a segment again: each time twice as long, up to a limit. @source RFC 6298, section 2 */
const retryMs = { first: 1000, longest: 60_000 } as const;

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
  readonly #context: Pick<WorkerContext, "now" | "at" | "random">;
  #isOpen = false;
  #held: Crossing[] = [];
  #obstacles: Obstacles = { delayMs: 0, airLossShare: 0, cutOff: "nothing", brokerPorts: [] };
  /** When the last packet that was delayed is across: a later one does not overtake it. */
  #lastMs = 0;

  constructor(context: Pick<WorkerContext, "now" | "at" | "random">) {
    this.#context = context;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether there is a way to `peer` now; without one, to anybody at all. */
  reaches(peer: NetAddress | undefined): boolean {
    return this.#isOpen && !this.#isCutOff(peer);
  }

  /** Whether a fault stands between the board and `peer`. */
  #isCutOff(peer: NetAddress | undefined): boolean {
    const { cutOff, brokerPorts } = this.#obstacles;
    if (cutOff === "broker") return peer !== undefined && brokerPorts.includes(peer.port);
    return cutOff === "everything";
  }

  /** Whether a datagram to or from `peer` is gone: there is no way, or it is lost by chance. */
  losesDatagram(peer: NetAddress): boolean {
    return !this.reaches(peer) || this.#isLost();
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
    this.#lastMs = Math.max(this.#lastMs, now + this.#obstacles.delayMs + this.#repeatedMs());
    if (this.#lastMs <= now) action();
    else this.#context.at(this.#lastMs, () => this.#arrive(action, peer));
  }

  /** Runs `action` now, or later where packets are delayed: for datagrams, which nobody repeats. */
  late(action: () => void): void {
    const { delayMs } = this.#obstacles;
    if (delayMs === 0) action();
    else this.#context.at(this.#context.now() + delayMs, action);
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

  /** The time that TCP spends on sending again what is lost. */
  #repeatedMs(): number {
    let ms = 0;
    for (let wait: number = retryMs.first; this.#isLost(); wait = Math.min(retryMs.longest, wait * 2)) ms += wait;
    return ms;
  }

  #isLost(): boolean {
    const { airLossShare } = this.#obstacles;
    if (airLossShare === 0) return false;
    const byte = new Uint8Array(1);
    this.#context.random(byte);
    return (byte[0] ?? 0) < airLossShare * 256;
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const { action, peer } of held) this.pass(action, peer);
  }
}
