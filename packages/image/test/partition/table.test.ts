import {
  MAX_PARTITIONS,
  type OtaData,
  type Partition,
  activeOtaRecord,
  checkPartitions,
  decodeOtaData,
  decodePartitionTable,
  encodeOtaData,
  encodePartitionTable,
  partitionFaults,
} from "@espx/image";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomesOf } from "../../../../testsuite/fuzz/mutation.ts";
import { type SparseBytes, codeOf, failureOf, md5, unpack, vectors } from "../vectors.ts";

interface TableCase {
  readonly name: string;
  readonly bytes: SparseBytes;
  readonly value?: readonly Partition[];
  readonly hasMd5?: boolean;
  readonly error?: string;
}
interface OtaCase {
  readonly name: string;
  readonly bytes: SparseBytes;
  readonly value?: OtaData;
  readonly active?: number;
  readonly decodeOnly?: boolean;
  readonly error?: string;
}

const partition = fc.record({
  name: fc.string({ minLength: 1, maxLength: 16 }).filter((name) => /^[\x20-\x7e]+$/.test(name)),
  type: fc.nat(0xfe),
  subtype: fc.nat(0xfe),
  offset: fc.nat(0xffffffff),
  sizeBytes: fc.nat(0xffffffff),
  isEncrypted: fc.boolean(),
  isReadOnly: fc.boolean(),
});

describe("partition table", () => {
  const cases = vectors<TableCase>("partition-table");
  for (const { name, bytes, value, hasMd5, error } of cases) {
    if (error !== undefined) {
      test(`${name} is refused as ${error}`, () =>
        expect(codeOf(() => decodePartitionTable(unpack(bytes), md5))).toBe(error));
      continue;
    }
    test(`${name} reads as its vector says`, () => {
      const table = decodePartitionTable(unpack(bytes), md5);
      expect(table.partitions).toEqual(value);
      expect(table.md5 !== null).toBe(hasMd5);
    });
    test(`${name} is written as its vector says`, () =>
      expect(encodePartitionTable(value ?? [], hasMd5 === true ? md5 : undefined)).toEqual(unpack(bytes)));
  }

  test("what was encoded decodes to the same partitions", () => {
    fc.assert(
      fc.property(fc.array(partition, { maxLength: 95 }), (partitions) => {
        expect(decodePartitionTable(encodePartitionTable(partitions, md5), md5).partitions).toEqual(partitions);
      }),
    );
  });

  test("ninety-five partitions fit, one more does not", () => {
    const one: Partition = {
      name: "p",
      type: 1,
      subtype: 2,
      offset: 0,
      sizeBytes: 1,
      isEncrypted: false,
      isReadOnly: true,
    };
    const many = Array.from({ length: MAX_PARTITIONS }, () => one);
    expect(decodePartitionTable(encodePartitionTable(many, md5), md5).partitions).toHaveLength(95);
    expect(codeOf(() => encodePartitionTable([...many, one], md5))).toBe("image/partition-too-many");
  });

  test("names without or with too many bytes are refused", () => {
    for (const name of ["", "ä".repeat(9), "a\0b"]) {
      const one = { name, type: 1, subtype: 2, offset: 0, sizeBytes: 1, isEncrypted: false, isReadOnly: false };
      expect(codeOf(() => encodePartitionTable([one]))).toBe("image/partition-bad-value");
    }
  });

  test("hostile bytes are refused as the protocol says", () => {
    const good = cases.filter(({ error }) => error === undefined).map(({ bytes }) => unpack(bytes));
    const all = new Set(["value", "ProtocolError"]);
    expect(outcomesOf((bytes) => decodePartitionTable(bytes, md5), good, 2000)).toEqual(all);
    expect(outcomesOf((bytes) => checkPartitions(decodePartitionTable(bytes).partitions), good, 2000)).toEqual(all);
  });
});

describe("checks of a table", () => {
  const rows = vectors<TableCase>("partition-table")[0]?.value ?? [];

  test("find nothing wrong with MicroPython's table on its flash", () => {
    expect(partitionFaults(rows, { flashSizeBytes: 4 << 20 })).toEqual([]);
  });

  test("name the partition that reaches past the end of flash", () => {
    const { code, error } = failureOf(() => checkPartitions(rows, { flashSizeBytes: 2 << 20 }));
    expect(code).toBe("image/partition-misfit");
    expect(error.message).toBe("partition ota_1 ends at 0x310000, the flash at 0x200000");
  });

  test("list every fault, with the field to change", () => {
    const wrong = rows.map((row) => (row.name === "ota_1" ? { ...row, offset: 0x181000, name: "nvs" } : row));
    expect(partitionFaults(wrong).map(({ index, field }) => [index, field])).toEqual([
      [4, "name"],
      [4, "offset"],
      [4, "offset"],
    ]);
  });
});

describe("OTA data", () => {
  const cases = vectors<OtaCase>("ota-data");
  for (const { name, bytes, value, active, decodeOnly, error } of cases) {
    if (error !== undefined) {
      test(`${name} is refused as ${error}`, () => expect(codeOf(() => decodeOtaData(unpack(bytes)))).toBe(error));
      continue;
    }
    test(`${name} reads as its vector says`, () => {
      const records = decodeOtaData(unpack(bytes));
      expect(records).toEqual(value);
      expect(activeOtaRecord(records)).toBe(active);
    });
    if (decodeOnly === true) continue;
    test(`${name} is written as its vector says`, () => expect(encodeOtaData(value as OtaData)).toEqual(unpack(bytes)));
  }

  test("hostile bytes are refused as the protocol says", () => {
    const good = cases.filter(({ error }) => error === undefined).map(({ bytes }) => unpack(bytes));
    expect(outcomesOf(decodeOtaData, good, 2000)).toEqual(new Set(["value", "ProtocolError"]));
  });
});
