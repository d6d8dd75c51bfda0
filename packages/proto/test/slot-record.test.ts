import {
  type SlotRecord,
  configPath,
  decodeSlotRecord,
  encodeSlotRecord,
  formatHex,
  isEspxError,
  parseHex,
} from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf, vectors } from "./vectors.ts";

type Case = { name: string; hex: string; value?: SlotRecord; error?: string };

describe("slot record", () => {
  for (const { name, hex, value, error } of vectors<Case>("slot-record")) {
    if (error !== undefined) {
      test(`${name} is refused as ${error}`, () => expect(codeOf(() => decodeSlotRecord(parseHex(hex)))).toBe(error));
      continue;
    }
    test(`${name} reads as its vector says`, () => expect(decodeSlotRecord(parseHex(hex))).toEqual(value));
    test(`${name} is written as its vector says`, () =>
      expect(formatHex(encodeSlotRecord(value as SlotRecord))).toBe(hex));
  }

  test("random bytes are refused with an error of the protocol and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeSlotRecord(bytes);
        } catch (error) {
          expect(isEspxError(error)).toBe(true);
        }
      }),
    );
  });

  test("any single changed byte is noticed", () => {
    const good = parseHex(vectors<Case>("slot-record")[1]?.hex ?? "");
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const bad = good.slice();
        bad[index] = (bad[index] as number) ^ change;
        expect(codeOf(() => decodeSlotRecord(bad))).toMatch(/^proto\//);
      }),
    );
  });
});

test("a config's name carries the start of its hash, and a hand-placed one is /config.txt", () => {
  expect(configPath("0123456789abcdef".repeat(4))).toBe("/config-01234567.txt");
  expect(configPath(null)).toBe("/config.txt");
});
