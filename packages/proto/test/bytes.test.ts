import { ByteReader, ByteWriter, crc32, formatHex, formatLatin1, parseHex } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "./vectors.ts";

describe("bytes", () => {
  test("fields read back in the order in which they were written", () => {
    const bytes = new ByteWriter(10).u8(1).u16le(0x0203).u32le(0x04050607).bytes(parseHex("aabbcc")).take();
    expect(formatHex(bytes)).toBe("01030207060504aabbcc");
    const reader = new ByteReader(bytes);
    expect([reader.u8(), reader.u16le(), reader.u32le(), formatHex(reader.bytes(3))]).toEqual([
      1,
      0x0203,
      0x04050607,
      "aabbcc",
    ]);
    expect(reader.remaining).toBe(0);
  });

  test("reading past the end says what was needed and what was there", () => {
    const reader = new ByteReader(parseHex("0102"));
    expect(() => reader.u32le()).toThrow("needs 4 bytes at offset 0, has 2");
    expect(codeOf(() => reader.u32le())).toBe("proto/truncated");
  });

  test("hexadecimal text goes both ways and refuses anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseHex(formatHex(bytes))).toEqual(bytes);
      }),
    );
    for (const bad of ["0", "0g", "0x", " 00"]) expect(codeOf(() => parseHex(bad))).toBe("proto/bad-hex");
  });
});

test("CRC-32 gives the published check value, and continues from a seed", () => {
  const text = new TextEncoder().encode("123456789");
  expect(crc32(text)).toBe(0xcbf43926);
  expect(crc32(text.subarray(4), crc32(text.subarray(0, 4)))).toBe(0xcbf43926);
});

test("every byte is the character of its number", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(Array.from(formatLatin1(all), (char) => char.codePointAt(0))).toEqual(Array.from(all));
});
