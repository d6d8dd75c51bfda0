import type { NvsEntry, NvsValue } from "@espx/image";
import { SeededRandom } from "../../../../testsuite/fuzz/seeded-random.ts";

const types = ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "string", "blob"] as const;
const edges = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  i16: [-32768, 32767],
  u32: [0, 0xffffffff],
  i32: [-0x80000000, 0x7fffffff],
} as const;

/** Values of every type under `count` different keys in up to five namespaces; some blobs span pages. */
export function randomNvs(seed: number, count: number): readonly NvsEntry[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const namespace = `space${random.below(5)}`.slice(0, 15);
    return { namespace, key: `k${index}`.padEnd(1 + random.below(15), "_").slice(0, 15), ...randomValue(random) };
  });
}

function randomValue(random: SeededRandom): NvsValue {
  const type = random.pick(types);
  switch (type) {
    case "string":
      return { type, value: "wörter ".repeat(random.pick([0, 1, 3, 30])) };
    case "blob":
      return { type, value: random.bytes(random.pick([0, 1, 31, 32, 33, 200, 200, 5000])) };
    case "u64":
      return { type, value: random.pick([0n, 2n ** 64n - 1n, BigInt(random.below(2 ** 31))]) };
    case "i64":
      return { type, value: random.pick([-(2n ** 63n), 2n ** 63n - 1n, -5n]) };
    case "u8":
    case "i8":
    case "u16":
    case "i16":
    case "u32":
    case "i32":
      return { type, value: random.pick([...edges[type], random.below(127)]) };
  }
}
