import type { InterpreterLayout } from "../vm/layout.ts";

const schedulerIdle = 1;
const schedulerPending = 0;

/**
 * Raises KeyboardInterrupt in a running interpreter by writing into its memory what its own interrupt handler would:
 * so even a loop that never calls the host ends.
 */
export class VmInterrupt {
  readonly #memory: WebAssembly.Memory;
  readonly #layout: InterpreterLayout;

  constructor(memory: WebAssembly.Memory, layout: InterpreterLayout) {
    this.#memory = memory;
    this.#layout = layout;
  }

  raise(): void {
    const words = new Int32Array(this.#memory.buffer);
    const halves = new Int16Array(this.#memory.buffer);
    Atomics.store(words, this.#layout.keyboardTraceback >> 2, 0);
    Atomics.store(words, this.#layout.pendingException >> 2, this.#layout.keyboardException);
    Atomics.compareExchange(halves, this.#layout.schedulerState >> 1, schedulerIdle, schedulerPending);
  }
}
