import { seededRandom } from "../../worker/random.ts";
import type { NetScript } from "../net-script.ts";

/** How long TCP waits before it sends a segment again; each time twice as long. @source RFC 6298, section 2 */
const firstRetryMs = 1000;
const longestRetryMs = 60_000;

/** The name of the broker's side among the members of a partition. */
export const serverName = "server";

/** Chance and obstacles between two members of a network: delay, jitter, loss, partition. */
export class Transit {
  readonly #script: () => NetScript;
  readonly #random: (target: Uint8Array) => void;
  readonly #bytes = new Uint8Array(4);

  /** @param seed - fixes jitter and loss */
  constructor(seed: number, script: () => NetScript) {
    this.#script = script;
    this.#random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x6e6574);
  }

  /** Time of one way, ms; with jitter another one each time. */
  delayMs(): number {
    const { latencyMs, jitterMs } = this.#script();
    return jitterMs === 0 ? latencyMs : latencyMs + this.#draw() * jitterMs;
  }

  /** Whether a datagram, or one try to send a segment, is lost. */
  isLost(): boolean {
    const { lossShare } = this.#script();
    return lossShare > 0 && this.#draw() < lossShare;
  }

  /** Whether there is a way between two members, by name. */
  reaches(from: string, to: string): boolean {
    const { partition } = this.#script();
    const groupOf = (name: string): number => partition.findIndex((group) => group.includes(name));
    return partition.length === 0 || groupOf(from) === groupOf(to);
  }

  /** How long after try number `tries` the next one comes, ms. */
  retryMs(tries: number): number {
    return Math.min(longestRetryMs, firstRetryMs * 2 ** tries);
  }

  /** From 0 to below 1. */
  #draw(): number {
    this.#random(this.#bytes);
    return new DataView(this.#bytes.buffer).getUint32(0) / 2 ** 32;
  }
}
