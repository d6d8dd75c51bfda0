import type { Signals } from "@espx/proto";

/**
 * The two transistors between a USB bridge and the chip: RTS alone pulls EN low, both or none leave it high.
 *
 * @source ESP32-DevKitC V4 schematic, auto program table
 */
export class ResetCircuit {
  readonly #holdReset: (held: boolean) => void;
  #held = false;

  constructor(holdReset: (held: boolean) => void) {
    this.#holdReset = holdReset;
  }

  set({ dtr, rts }: Signals): void {
    const held = rts && !dtr;
    if (held === this.#held) return;
    this.#held = held;
    this.#holdReset(held);
  }
}
