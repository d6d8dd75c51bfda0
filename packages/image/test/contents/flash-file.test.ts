import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  chipOfId,
  decodeEspImage,
  encodeAppDescription,
  encodeEspImage,
  encodePartitionTable,
  imageHeader,
  mergeParts,
  otaAbility,
  parsePartitionCsv,
  readFlashFile,
} from "@espx/image";
import { hostileBytes, outcomeOf } from "../../../../testsuite/fuzz/mutation.ts";
import { SeededRandom } from "../../../../testsuite/fuzz/seeded-random.ts";
import { description } from "../app/description.ts";
import { failureOf, md5, sha256 } from "../vectors.ts";

const digests = { sha256, md5 };
const csv = "nvs,data,nvs,0x9000,0x6000\nphy_init,data,phy,0xf000,0x1000\nfactory,app,factory,0x10000,0x100000\n";
const table = encodePartitionTable(parsePartitionCsv(csv), md5);

function image(chipId: number, withDescription: boolean): Uint8Array {
  const data = withDescription ? encodeAppDescription(description) : new Uint8Array(512).fill(7);
  return encodeEspImage({ header: imageHeader({ chipId }), segments: [{ address: 0x3f400020, data }] }, sha256);
}

/** A firmware as MicroPython gives it out: boot loader, table, application, from the boot loader's place on. */
function firmware(chipId: number, offset: number, app = image(chipId, true)): Uint8Array {
  const place = chipOfId(chipId)?.bootloaderOffset ?? 0;
  const bootLoader = { name: "boot loader", address: place, bytes: image(chipId, false) };
  const parts = [
    bootLoader,
    { name: "table", address: 0x8000, bytes: table },
    { name: "app", address: 0x10000, bytes: app },
  ];
  return mergeParts(parts, { offset });
}

describe("a file for flash", () => {
  test.each([
    ["an ESP32's firmware that starts at its boot loader", 0, 0x1000, 0x1000],
    ["an ESP32's flash from its start", 0, 0, 0x1000],
    ["an ESP32-S3's firmware", 9, 0, 0],
    ["an ESP32-C5's flash from its start", 23, 0, 0x2000],
  ])("%s is known by its table, and its images are found", (_, chipId, offset, bootLoaderAt) => {
    const found = readFlashFile(firmware(chipId, offset), digests);
    expect(found).toMatchObject({ kind: "flash", address: offset, broken: [] });
    expect(found.table?.partitions.map(({ name }) => name)).toEqual(["nvs", "phy_init", "factory"]);
    const places = found.images.map(({ name, address, faults }) => [name, address, faults.length]);
    expect(places).toEqual([
      ["boot loader", bootLoaderAt, 0],
      ["factory", 0x10000, 0],
    ]);
    expect(found.images.at(-1)?.description).toEqual(description);
  });

  test("an application alone has no address", () => {
    const found = readFlashFile(image(5, true), digests);
    expect(found).toMatchObject({ kind: "image", address: null, table: null });
    expect(found.images).toHaveLength(1);
    expect(found.images[0]).toMatchObject({ name: null, address: null, description });
  });

  test("a partition table is one", () => {
    expect(readFlashFile(table, digests)).toMatchObject({ kind: "table", images: [] });
  });

  test("a checksum and a hash that do not fit are noted, and the image is shown", () => {
    const bytes = firmware(0, 0x1000);
    bytes.set([1, 2, 3], 0x10000 - 0x1000 + 24 + 8 + 100);
    const found = readFlashFile(bytes, digests);
    expect(found.images[1]?.faults.map(({ code }) => code)).toEqual(["image/app-bad-checksum", "image/app-bad-hash"]);
    expect(() => decodeEspImage(bytes.subarray(0xf000), { sha256 })).toThrow("checksum");
  });

  test("an update that was cut short spoils only its own slot", () => {
    const bytes = firmware(0, 0x1000, image(0, true).subarray(0, 100));
    const found = readFlashFile(bytes, digests);
    expect(found.images.map(({ name }) => name)).toEqual(["boot loader"]);
    expect(found.broken.map(({ name, error }) => [name, error.code])).toEqual([
      ["factory", "image/app-segment-outside"],
    ]);
  });

  test.each([
    ["", "the file is empty"],
    ["\x7fELF\x01", "the file is an ELF file"],
    ["UF2\nWQ]\x9e", "the file is a UF2 file"],
    ["PK\x03\x04", "the file is a ZIP archive"],
    ["\x1f\x8b\x08", "the file is a gzip archive"],
    ["\n<!DOCTYPE html>", "the file is a web page"],
    ["\xff\xff\xff\xff", "the file is erased flash: nothing but 0xff"],
    ["import os\n", "the file starts with 69 6d 70 6f, expected e9 for an ESP image or aa 50 for a partition table"],
  ])("%j is refused with what it is", (text, message) => {
    const { code, error } = failureOf(() => readFlashFile(Uint8Array.from(Buffer.from(text, "latin1")), digests));
    expect([code, error.message]).toEqual(["image/file-unknown", message]);
  });

  test("hostile bytes give a value or a ProtocolError", () => {
    const random = new SeededRandom(7);
    const good = [firmware(0, 0x1000), firmware(9, 0), table, image(5, true)];
    const outcomes = new Set(
      Array.from({ length: 400 }, () =>
        outcomeOf((bytes) => readFlashFile(bytes, digests), hostileBytes(random, good)),
      ),
    );
    expect([...outcomes].toSorted()).toEqual(["ProtocolError", "value"]);
  });
});

describe("merging", () => {
  test("what is merged lies where it was said, and between it is erased flash", () => {
    const part = fc.record({ at: fc.nat(63), size: fc.integer({ min: 1, max: 64 }) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.nat(3), (list, offset) => {
        const parts = list.map(({ at, size }, index) => ({
          name: `part ${index}`,
          address: index * 128 + at + offset,
          bytes: new Uint8Array(size).fill(index + 1),
        }));
        const merged = mergeParts(parts, { offset });
        const expected = new Uint8Array(merged.length).fill(0xff);
        for (const { address, bytes } of parts) expected.set(bytes, address - offset);
        expect(merged).toEqual(expected);
        expect(merged.length).toBe(Math.max(...parts.map(({ address, bytes }) => address + bytes.length)) - offset);
      }),
    );
  });

  const a = { name: "a.bin", address: 0x1000, bytes: new Uint8Array(0x100) };
  const b = { name: "b.bin", address: 0x1080, bytes: new Uint8Array(0x10) };
  test.each([
    ["two files on the same bytes", [a, b], {}, "b.bin goes to 0x1080, where a.bin (0x1000..0x1100) still is"],
    [
      "a file before the start",
      [a],
      { offset: 0x2000 },
      "a.bin goes to 0x1000, before the start of the merged file at 0x2000",
    ],
    [
      "a file behind the end",
      [a],
      { fillToBytes: 0x1080 },
      "a.bin ends at 0x1100, behind the end of the merged file at 0x1080",
    ],
  ])("%s are refused", (_, parts, options, message) => {
    const { name, error } = failureOf(() => mergeParts(parts, options));
    expect([name, error.message]).toEqual(["RefusedError", message]);
  });
});

describe("firmware over the air", () => {
  const slots = "otadata,data,ota,0xd000,0x2000\nota_0,app,ota_0,0x10000,0x180000\nota_1,app,ota_1,0x190000,0x180000\n";
  test.each([
    ["two slots and OTA data can", slots, true, "firmware can come over the air: 2 slots, images up to 1572864 bytes"],
    [
      "one application cannot",
      csv,
      false,
      "firmware cannot come over the air: it needs two application slots, and there are none",
    ],
    [
      "two slots without OTA data cannot",
      slots.replace(/^.*\n/, ""),
      false,
      "firmware cannot come over the air: there is no partition for OTA data",
    ],
  ])("a layout with %s", (_, text, able, reason) => {
    expect(otaAbility(parsePartitionCsv(text))).toMatchObject({ able, reason });
  });
});
