import { errno } from "../../vm/errno.ts";
import type { BoardContext } from "../board-context.ts";
import type { HostCalls } from "../context.ts";

/** Waiting and fine time for the module `time`. */
export function timeCalls(context: BoardContext, chipStartUs: number): HostCalls {
  return {
    time_sleep: (ms: number) => {
      const result = context.until(() => undefined, Math.max(0, ms));
      return result === "interrupted" ? -errno.EINTR : 0;
    },
    time_ticks_us: () => Math.floor(context.clock.readUs() - chipStartUs) % 2 ** 30,
  };
}
