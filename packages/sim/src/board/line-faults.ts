import type { SimFault } from "@espx/proto";

/** What a serial line does to the bytes on it. */
export type SerialBehaviour = Extract<SimFault, { readonly kind: "serial" }>["behaviour"];

/** Garbage is every byte turned into another one, the same each time. */
const garbageMask = 0x55;

/** One byte of so many, on average, is hit. */
const rarity = 64;

/** Spoils the bytes on a serial line in both directions, in the same way in each run. */
export class LineFaults {
  behaviour: SerialBehaviour = "normal";
  #state = 0x2545f491;

  pass(bytes: Uint8Array): Uint8Array {
    switch (this.behaviour) {
      case "normal":
        return bytes;
      case "garbage":
        return bytes.map((byte) => byte ^ garbageMask);
      case "noise":
        return bytes.map((byte) => (this.#hits() ? byte ^ (1 << (this.#next() & 7)) : byte));
      case "loss":
        return bytes.filter(() => !this.#hits());
      case "silent":
      case "lost":
        return new Uint8Array(0);
    }
  }

  #hits(): boolean {
    return this.#next() % rarity === 0;
  }

  /** @source xorshift32, G. Marsaglia, Xorshift RNGs, 2003 */
  #next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 8;
  }
}
