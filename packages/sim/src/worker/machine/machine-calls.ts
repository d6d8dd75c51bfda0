import type { ResetCause } from "@espx/proto";
import { errno } from "../../vm/errno.ts";
import type { BoardContext } from "../board-context.ts";
import type { HostCalls } from "../context.ts";
import type { BootFacts } from "../start-data.ts";
import { WakePins } from "./wake-calls.ts";

/** What `machine.reset_cause()` answers. @source MicroPython 1.27, ports/esp32/modmachine.c */
const resetCauses: Readonly<Record<ResetCause, number>> = {
  "power-on": 1,
  hard: 2,
  watchdog: 3,
  "deep-sleep": 4,
  soft: 5,
};

/** Longest time without food, as the 32 bits of the chip's call have it. */
const watchdogMaxMs = 2 ** 32 - 1;

/** The chip as a whole: why it started, who it is, and how it stops. */
export function machineCalls(context: BoardContext, boot: BootFacts, program: SoftResetRequest): HostCalls {
  let watchdogMs = 0;
  const wakePins = new WakePins();
  const feed = (): number => {
    if (watchdogMs > 0) context.control.watchdogUs = context.clock.nowUs() + watchdogMs * 1000;
    return 0;
  };
  return {
    machine_reset_cause: () => resetCauses[boot.cause],
    machine_wake_reason: () => boot.wakeReason,
    machine_mac: () => Buffer.from(boot.mac).toString("hex"),
    machine_reset: () => context.stop({ kind: "reset" }),
    machine_request_soft_reset: () => program.request(),
    ...wakePins.calls,
    machine_deepsleep: (ms: number) =>
      context.stop({ kind: "deep-sleep", wakeAfterMs: ms > 0 ? ms : undefined, wakeBy: wakePins.sources }),
    machine_watchdog: (timeoutMs: number) => {
      if (!(timeoutMs > 0 && timeoutMs <= watchdogMaxMs)) return -errno.EINVAL;
      watchdogMs = timeoutMs;
      feed();
      context.post({ type: "watchdog" });
      return 0;
    },
    machine_watchdog_feed: feed,
  };
}

/** Remembers that the program asked for a soft reset before it raised SystemExit. */
export class SoftResetRequest {
  #requested = false;

  request(): undefined {
    this.#requested = true;
  }

  takeSoftReset(): boolean {
    const requested = this.#requested;
    this.#requested = false;
    return requested;
  }
}
