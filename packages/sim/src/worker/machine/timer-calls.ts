import type { BoardContext } from "../board-context.ts";
import type { HostCalls } from "../context.ts";
import type { CallbackQueue } from "./callback-queue.ts";

const shortestPeriodMs = 1;

/** `machine.Timer`: callbacks by number, which Python keeps. */
export function timerCalls(context: BoardContext, callbacks: CallbackQueue): HostCalls {
  const running = new Map<number, () => void>();
  const stop = (callback: number): number => {
    running.get(callback)?.();
    running.delete(callback);
    return 0;
  };
  return {
    timer_start: (callback: number, periodMs: number, periodic: boolean) => {
      stop(callback);
      const period = Math.max(shortestPeriodMs, periodMs);
      running.set(callback, callbacks.schedule(callback, context.now() + period, periodic ? period : undefined));
      return 0;
    },
    timer_stop: stop,
  };
}
