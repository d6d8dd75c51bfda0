import { type NvsEntry, type NvsValue, decodeNvs, encodeNvs } from "@espx/image";
import { parseHex } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomesOf } from "../../../../testsuite/fuzz/mutation.ts";
import { resealNvs } from "../../../../testsuite/fuzz/reseal.ts";
import { type SparseBytes, codeOf, unpack, vectors } from "../vectors.ts";
import { randomNvs } from "./values.ts";

interface Case {
  readonly name: string;
  readonly bytes: SparseBytes;
  readonly value?: readonly {
    readonly namespace: string;
    readonly key: string;
    readonly type: string;
    readonly value: string;
  }[];
  readonly decodeOnly?: boolean;
  readonly error?: string;
}

function entryOf({ namespace, key, type, value }: NonNullable<Case["value"]>[number]): NvsEntry {
  if (type === "blob") return { namespace, key, type, value: parseHex(value) };
  if (type === "string") return { namespace, key, type, value };
  if (type === "u64" || type === "i64") return { namespace, key, type, value: BigInt(value) };
  return { namespace, key, type: type as "u8", value: Number(value) };
}

describe("NVS partition", () => {
  const cases = vectors<Case>("nvs");
  for (const { name, bytes, value = [], decodeOnly, error } of cases) {
    if (error !== undefined) {
      test(`${name} is refused as ${error}`, () => expect(codeOf(() => decodeNvs(unpack(bytes)))).toBe(error));
      continue;
    }
    test(`${name} reads as its vector says`, () => expect(decodeNvs(unpack(bytes))).toEqual(value.map(entryOf)));
    if (decodeOnly === true) continue;
    test(`${name} is written as its vector says`, () =>
      expect(encodeNvs(value.map(entryOf), bytes.sizeBytes)).toEqual(unpack(bytes)));
  }

  test("what was written is read", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(90), (seed, count) => {
        const entries = randomNvs(seed, count);
        expect(decodeNvs(encodeNvs(entries, 0x20000))).toEqual(entries);
      }),
      { numRuns: 30 },
    );
  });

  test("pages are taken in the order of their sequence, not of their place", () => {
    const partition = encodeNvs(randomNvs(3, 150), 0x10000);
    const swapped = partition.slice();
    swapped.set(partition.subarray(0, 4096), 4096);
    swapped.set(partition.subarray(4096, 8192), 0);
    expect(decodeNvs(swapped)).toEqual(decodeNvs(partition));
  });

  const unfit: readonly { name: string; entry: { namespace?: string; key?: string } & NvsValue }[] = [
    { name: "a key of 16 bytes", entry: { key: "x".repeat(16), type: "u8", value: 1 } },
    { name: "no key", entry: { key: "", type: "u8", value: 1 } },
    { name: "a namespace of 16 bytes", entry: { namespace: "x".repeat(16), type: "u8", value: 1 } },
    { name: "256 in a u8", entry: { type: "u8", value: 256 } },
    { name: "-129 in an i8", entry: { type: "i8", value: -129 } },
    { name: "half in an i32", entry: { type: "i32", value: 0.5 } },
    { name: "2^64 in a u64", entry: { type: "u64", value: 2n ** 64n } },
    { name: "a string of 4000 characters", entry: { type: "string", value: "x".repeat(4000) } },
    { name: "a string with a 0 in it", entry: { type: "string", value: "a\0b" } },
  ];
  test.each(unfit)("$name cannot be written", ({ entry }) => {
    const whole: NvsEntry = { namespace: "n", key: "k", ...entry };
    expect(codeOf(() => encodeNvs([whole], 0x6000))).toBe("image/nvs-unfit");
  });

  test("a key cannot stand twice, nor a partition have less than two pages", () => {
    const entry: NvsEntry = { namespace: "n", key: "k", type: "u8", value: 1 };
    expect(codeOf(() => encodeNvs([entry, entry], 0x6000))).toBe("image/nvs-unfit");
    expect(codeOf(() => encodeNvs([], 0x1000))).toBe("image/nvs-unfit");
    expect(codeOf(() => encodeNvs([], 0x2100))).toBe("image/nvs-unfit");
  });

  test("the last page stays empty, and values that would need it do not fit", () => {
    const entry: NvsEntry = { namespace: "n", key: "k", type: "blob", value: new Uint8Array(3000) };
    expect(
      encodeNvs([entry], 0x2000)
        .subarray(4096)
        .every((byte) => byte === 0xff),
    ).toBe(true);
    expect(codeOf(() => encodeNvs([{ ...entry, value: new Uint8Array(5000) }], 0x2000))).toBe("image/nvs-full");
  });

  test("hostile bytes are refused as the protocol says", () => {
    const good = cases.filter(({ error }) => error === undefined).map(({ bytes }) => unpack(bytes));
    const all = new Set(["value", "ProtocolError"]);
    expect(outcomesOf(decodeNvs, good, 2000)).toEqual(all);
    expect(outcomesOf((bytes) => decodeNvs(resealNvs(bytes)), good, 3000)).toEqual(all);
  });
});
