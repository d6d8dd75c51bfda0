import type { BoardContext } from "../board-context.ts";

/** Runs the Python callback of that number; set when the support modules are loaded. */
export type Dispatch = (callback: number, argument: number) => void;

/**
 * Python callbacks of timers and pins. One runs at a time, inside a wait of the program, as the chip runs them
 * between byte codes.
 */
export class CallbackQueue {
  readonly #context: BoardContext;
  #dispatch: Dispatch | undefined;
  #running = false;
  readonly #waiting: [callback: number, argument: number][] = [];

  constructor(context: BoardContext) {
    this.#context = context;
  }

  dispatchThrough(dispatch: Dispatch): void {
    this.#dispatch = dispatch;
  }

  /** Runs a callback now, or after the one that is running. */
  run(callback: number, argument: number): void {
    this.#waiting.push([callback, argument]);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        this.#dispatch?.(...next);
    } finally {
      this.#running = false;
    }
  }

  /** Runs a callback at `dueMs`, then every `periodMs` when that is given; the returned function calls it off. */
  schedule(callback: number, dueMs: number, periodMs: number | undefined): () => void {
    let cancel = this.#context.at(dueMs, () => {
      if (periodMs !== undefined) cancel = this.schedule(callback, dueMs + periodMs, periodMs);
      this.run(callback, 0);
    });
    return () => cancel();
  }
}
