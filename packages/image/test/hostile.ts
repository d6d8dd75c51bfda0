import { isEspxError } from "@espx/proto";
import fc from "fast-check";
import { expect } from "vitest";
import { SeededRandom } from "./random.ts";

/** True when `decode` took the bytes or refused them as the protocol says; anything else fails the test. */
function survives(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes);
  } catch (error) {
    if (!isEspxError(error)) throw error;
    expect(error.name).toBe("ProtocolError");
  }
  return true;
}

/** Random bytes, cut and changed good ones: a decoder gives a value or a `ProtocolError`. */
export function expectOnlyProtocolErrors(decode: (bytes: Uint8Array) => unknown, good: readonly Uint8Array[]): void {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => survives(decode, bytes)));
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.nat(),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(),
      (which, seed, count, cut) => {
        const bytes = (good[which] as Uint8Array).slice();
        const written = bytes.findLastIndex((byte) => byte !== 0xff) + 1;
        const random = new SeededRandom(seed);
        for (let change = 0; change < count && written > 0; change++) bytes[random.below(written)] = random.below(256);
        return survives(decode, cut % 4 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes);
      },
    ),
    { numRuns: 500 },
  );
}
