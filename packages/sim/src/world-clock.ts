import type { Clock } from "@espx/proto";

/** The clock of a world in real time. */
export class RealWorldClock implements Clock {
  /** When the world began, in ms since 1970. */
  readonly beganMs = performance.timeOrigin + performance.now();

  now(): number {
    return performance.timeOrigin + performance.now() - this.beganMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepUntil(signal, (wake) => {
      const timer = setTimeout(wake, Math.max(0, ms));
      return () => clearTimeout(timer);
    });
  }
}

/** The clock of a world in virtual time: it stands until the world is told to advance. */
export class VirtualWorldClock implements Clock {
  #nowMs = 0;
  readonly #sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  /** When the next sleeper is due; Infinity when nobody sleeps. */
  get nextMs(): number {
    return Math.min(Infinity, ...[...this.#sleepers].map(({ dueMs }) => dueMs));
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepUntil(signal, (wake) => {
      const sleeper = { dueMs: this.#nowMs + Math.max(0, ms), wake };
      this.#sleepers.add(sleeper);
      return () => this.#sleepers.delete(sleeper);
    });
  }

  /** Sets the time and wakes whoever is due by then, in the order in which they are due. */
  advanceTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
    const due = [...this.#sleepers].filter(({ dueMs }) => dueMs <= this.#nowMs).sort((a, b) => a.dueMs - b.dueMs);
    for (const sleeper of due) {
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

function sleepUntil(signal: AbortSignal | undefined, start: (wake: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const cancel = start(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    const abort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}
