import { randomFillSync } from "node:crypto";

/** Fills bytes with randomness. */
export type RandomFill = (target: Uint8Array) => void;

/** Randomness of the machine. */
export const machineRandom: RandomFill = (target) => {
  randomFillSync(target);
};

/**
 * Randomness that a seed fixes; for repeatable runs, not for keys.
 *
 * @source xorshift32, G. Marsaglia, Xorshift RNGs, 2003
 */
export function seededRandom(seed: number): RandomFill {
  let state = seed >>> 0 === 0 ? 0x9e3779b9 : seed >>> 0;
  return (target) => {
    for (let at = 0; at < target.length; at++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      target[at] = (state >>> 8) & 0xff;
    }
  };
}
