import type { SimFault } from "@espx/proto";
import { newRtcMemory, type RtcSetup } from "../worker/machine/rtc-calls.ts";
import type { HostPart } from "./host-part.ts";

/** What stays while the chip has power: RTC memory and the calendar, which starts at 2000-01-01. */
export class RtcHost implements HostPart {
  readonly name = "rtc";
  readonly #memory = newRtcMemory();
  readonly #aheadMs = new Float64Array(new SharedArrayBuffer(8));
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  setup(): RtcSetup {
    return { memory: this.#memory, clock: this.#aheadMs.buffer as SharedArrayBuffer };
  }

  fault(fault: SimFault): boolean {
    if (fault.kind !== "clock") return false;
    this.#aheadMs[0] = fault.jumpMs === "unset" ? -this.#nowMs() : (this.#aheadMs[0] ?? 0) + fault.jumpMs;
    return true;
  }

  /** Power came at `nowMs` of the board's clock. */
  powerUp(nowMs: number): void {
    new Uint8Array(this.#memory).fill(0);
    this.#aheadMs[0] = -nowMs;
  }
}
