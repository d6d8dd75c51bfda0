import type { Clock } from "@espx/proto";

/** A clock that jumps to the next deadline as soon as nothing else is left to do. */
export class AutoClock implements Clock {
  #now = 0;
  #waiting: { readonly dueMs: number; readonly wake: () => void }[] = [];
  #pumping = false;

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const entry = { dueMs: this.#now + Math.max(0, ms), wake: resolve };
      this.#waiting.push(entry);
      signal?.addEventListener("abort", () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
        reject(signal.reason as Error);
      });
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const turn = (left: number): void => {
      if (left > 0) return void setImmediate(turn, left - 1);
      this.#pumping = false;
      const next = this.#waiting.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) return;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.dueMs);
      next.wake();
      this.#pump();
    };
    turn(3);
  }
}
