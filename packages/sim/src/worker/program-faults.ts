import type { BoardContext } from "./board-context.ts";
import type { CallbackQueue } from "./machine/callback-queue.ts";

/** What a boot starts with. */
export interface ProgramSetup {
  /** Memory that programs find free; null: all that the board has. */
  readonly freeBytes: number | null;
}

/** Host to worker: programs have so much memory left, or all of it again. */
export interface MemoryChange extends ProgramSetup {
  readonly type: "program-memory";
}

/** Host to worker: the program stands still, for good or for so long. */
export interface ProgramHang {
  readonly type: "program-hang";
  readonly forMs: number | undefined;
}

/** Number of the callback that takes memory away; those of programs begin at 1. */
const keepFreeCallback = 0;

/** What the program had just dropped counts as garbage after this time only: pointers to it lie around on the stack. */
const garbageMs = 500;

/** Lets the faults of the program come to it. */
export function sufferFaults(context: BoardContext, callbacks: CallbackQueue): void {
  let callOff = (): void => {};
  const keepFree = (freeBytes: number | null): void => {
    callOff();
    const act = (): void => callbacks.run(keepFreeCallback, freeBytes ?? -1);
    act();
    if (freeBytes !== null) callOff = context.at(context.now() + garbageMs, act);
  };
  context.on("program-memory", ({ freeBytes }: MemoryChange) => keepFree(freeBytes));
  context.on("program-hang", ({ forMs = Infinity }: ProgramHang) => context.standStill(forMs));
  const { freeBytes } = context.setup<ProgramSetup>("program");
  if (freeBytes !== null) keepFree(freeBytes);
}
