interface Entry {
  readonly dueUs: number;
  readonly callback: () => void;
}

/** Callbacks by the time at which they are due; those of one time run in the order in which they were set. */
export class Timers {
  readonly #entries: Entry[] = [];

  /** When the next one is due; Infinity when there is none. */
  get nextUs(): number {
    return this.#entries[0]?.dueUs ?? Infinity;
  }

  add(dueUs: number, callback: () => void): () => void {
    const entry = { dueUs, callback };
    const after = this.#entries.findIndex((other) => other.dueUs > dueUs);
    this.#entries.splice(after < 0 ? this.#entries.length : after, 0, entry);
    return () => {
      const at = this.#entries.indexOf(entry);
      if (at >= 0) this.#entries.splice(at, 1);
    };
  }

  /** Runs what is due at `nowUs`, not what these callbacks add. */
  run(nowUs: number): void {
    const later = this.#entries.findIndex((entry) => entry.dueUs > nowUs);
    for (const { callback } of this.#entries.splice(0, later < 0 ? this.#entries.length : later)) callback();
  }
}
