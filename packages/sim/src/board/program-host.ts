import type { SimFault } from "@espx/proto";
import type { MemoryChange, ProgramHang, ProgramSetup } from "../worker/program-faults.ts";
import type { HostPart, PartChannel } from "./host-part.ts";

/** Faults of the program itself: memory that is taken from it, and time that it does not get. */
export class ProgramHost implements HostPart {
  readonly name = "program";
  #channel: PartChannel | undefined;
  #freeBytes: number | null = null;

  setup(): ProgramSetup {
    return { freeBytes: this.#freeBytes };
  }

  connect(channel: PartChannel): void {
    this.#channel = channel;
  }

  disconnect(): void {
    this.#channel = undefined;
  }

  fault(fault: SimFault): boolean {
    if (fault.kind === "memory") {
      this.#freeBytes = fault.freeBytes;
      this.#channel?.post<MemoryChange>({ type: "program-memory", freeBytes: fault.freeBytes });
    } else if (fault.kind === "hang") {
      this.#channel?.post<ProgramHang>({ type: "program-hang", forMs: fault.forMs });
    } else {
      return false;
    }
    return true;
  }
}
