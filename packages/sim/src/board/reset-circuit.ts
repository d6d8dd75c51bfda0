import type { Signals } from "@espx/proto";

/**
 * The two transistors between a USB bridge and the chip: RTS alone pulls EN low, DTR alone the boot pin, both or none
 * leave them high.
 *
 * @source ESP32-DevKitC V4 schematic, auto program table
 */
export class ResetCircuit {
  readonly #holdReset: (held: boolean) => void;
  #held = false;
  #isBootLow = false;

  /** Whether the boot pin is pulled low. */
  get isBootLow(): boolean {
    return this.#isBootLow;
  }

  constructor(holdReset: (held: boolean) => void) {
    this.#holdReset = holdReset;
  }

  set({ dtr, rts }: Signals): void {
    const held = rts && !dtr;
    this.#isBootLow = dtr && !rts;
    if (held === this.#held) return;
    this.#held = held;
    this.#holdReset(held);
  }
}
