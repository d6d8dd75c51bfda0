import { type Partition, formatPartitionCsv, parsePartitionCsv, partitionFaults } from "@espx/image";
import { ConfigError } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf, vectors } from "../vectors.ts";

interface Case {
  readonly name: string;
  readonly text: string;
  readonly value?: readonly Partition[];
  readonly error?: string;
  readonly line?: number;
  readonly column?: number;
  readonly flashSizeBytes?: number;
}

describe("partition CSV", () => {
  const cases = vectors<Case>("partition-csv");
  for (const { name, text, value, error, line, column, flashSizeBytes } of cases) {
    const limits = flashSizeBytes === undefined ? {} : { flashSizeBytes };
    if (error === undefined) {
      test(`${name}: reads as its vector says`, () => expect(parsePartitionCsv(text, limits)).toEqual(value));
      test(`${name}: reads the same after it was written`, () =>
        expect(parsePartitionCsv(formatPartitionCsv(value ?? []))).toEqual(value));
      continue;
    }
    test(`${name}: is refused at line ${line}, column ${column}`, () => {
      const failure = failureOf(() => parsePartitionCsv(text, { ...limits, file: "my.csv" }));
      expect(failure.code).toBe(error);
      expect((failure.error as ConfigError).position).toEqual({ file: "my.csv", line, column });
    });
  }

  test("the message says what stands there and what was expected", () => {
    const { error } = failureOf(() => parsePartitionCsv("vfs, data, littlefs2, , 1M"));
    expect(error.message).toBe(
      'subtype is "littlefs2", expected one of ota, phy, nvs, coredump, nvs_keys, efuse, undefined, esphttpd, fat, spiffs, littlefs, tee_ota, or a number up to 0xfe',
    );
  });

  test("a table of partitions that fit is the same after writing and reading", () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(fc.array(fc.record({ isApp: fc.boolean(), size }), { maxLength: 12 }), (wanted) => {
        const lines = wanted.map(
          ({ isApp, size: units }, i) => `p${i},${isApp ? "app,test" : "data,fat"},,${4 * units}K`,
        );
        const partitions = parsePartitionCsv(lines.join("\n"));
        expect(partitionFaults(partitions)).toEqual([]);
        expect(parsePartitionCsv(formatPartitionCsv(partitions))).toEqual(partitions);
      }),
    );
  });

  test("any text is read or refused with its place", () => {
    const field = fc.oneof(fc.string(), fc.constantFrom("app", "data", "ota", "nvs", "4K", "0x9000", "-1", "", "#"));
    const line = fc.array(field, { maxLength: 8 }).map((fields) => fields.join(","));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        try {
          parsePartitionCsv(lines.join("\n"));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as ConfigError).position.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
