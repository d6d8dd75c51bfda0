import type { ServerClock } from "../server-side.ts";
import { Timers } from "../../worker/timers.ts";

/** Time of the network of a world: what is to happen in it, and when. */
export class EventQueue implements ServerClock {
  readonly #timers = new Timers();
  #nowUs = 0;

  /** When something is to happen next, µs; Infinity when nothing is. */
  get nextUs(): number {
    return this.#timers.nextUs;
  }

  now(): number {
    return this.#nowUs / 1000;
  }

  at(dueMs: number, callback: () => void): () => void {
    return this.#timers.add(Math.max(this.#nowUs, dueMs * 1000), callback);
  }

  /** Lets everything happen until `untilUs`, each at its time. */
  run(untilUs: number): void {
    while (this.#timers.nextUs <= untilUs) {
      this.#nowUs = Math.max(this.#nowUs, this.#timers.nextUs);
      this.#timers.run(this.#nowUs);
    }
    this.#nowUs = Math.max(this.#nowUs, untilUs);
  }
}
