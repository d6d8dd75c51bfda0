import { SeededRandom } from "./seeded-random.ts";

/** How an attempt to decode ended: a value, the name of an error's class, or too much time. */
export type Outcome = string;

/**
 * Bytes that a decoder may meet: random ones, or a good sample with some bytes changed, swapped, cut or doubled.
 *
 * @param good - samples that the decoder takes
 */
export function hostileBytes(random: SeededRandom, good: readonly Uint8Array[]): Uint8Array {
  if (random.below(8) === 0) return random.bytes(random.below(300));
  const sample = random.pick(good).slice();
  const written = sample.findLastIndex((byte) => byte !== 0xff) + 1;
  if (written === 0) return sample;
  for (let change = 1 + random.below(6); change > 0; change--) changeOne(random, sample, written);
  return random.below(6) === 0 ? sample.subarray(0, random.below(sample.length + 1)) : sample;
}

function changeOne(random: SeededRandom, bytes: Uint8Array, written: number): void {
  const at = random.below(written);
  const kind = random.below(4);
  if (kind === 0) bytes[at] = random.below(256);
  else if (kind === 1) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  else if (kind === 2) bytes.fill(random.pick([0, 0xff]), at, at + random.pick([1, 2, 4, 32]));
  else bytes.copyWithin(at, random.below(written), random.below(written) + random.pick([4, 32, 64]));
}

/** Decodes, and says how it ended; nothing is thrown. */
export function outcomeOf(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): Outcome {
  try {
    decode(bytes);
    return "value";
  } catch (error) {
    return error instanceof Error ? error.name : typeof error;
  }
}

/** Every way in which `tries` attempts ended. */
export function outcomesOf(
  decode: (bytes: Uint8Array) => unknown,
  good: readonly Uint8Array[],
  tries: number,
): ReadonlySet<Outcome> {
  const random = new SeededRandom(1);
  return new Set(Array.from({ length: tries }, () => outcomeOf(decode, hostileBytes(random, good))));
}
