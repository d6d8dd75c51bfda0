import type { InterpreterClock } from "../vm/interpreter-options.ts";
import type { BoardContext } from "./board-context.ts";

/** Time and chance for the interpreter's own modules: ticks count from the start of the chip. */
export function interpreterClock(context: BoardContext, chipStartUs: number): InterpreterClock {
  return {
    ticksMs: () => Math.floor((context.clock.readUs() - chipStartUs) / 1000) | 0,
    timeMs: () => context.clock.readUs() / 1000,
    random32: () => {
      const bytes = new Uint8Array(4);
      context.random(bytes);
      return new DataView(bytes.buffer).getInt32(0);
    },
  };
}
