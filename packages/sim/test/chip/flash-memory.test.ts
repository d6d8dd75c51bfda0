import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockBytes, FlashMemory, sectorBytes } from "../../src/chip/flash-memory.ts";
import { eraseMs, programMs, typicalFlash } from "../../src/chip/flash-timing.ts";

const sizeBytes = 4 * blockBytes;

describe("a flash chip", () => {
  it("is erased at first, and takes no memory for what is erased", () => {
    const flash = new FlashMemory(sizeBytes);
    expect(flash.read(0, sizeBytes).every((byte) => byte === 0xff)).toBe(true);
    flash.program(blockBytes, Uint8Array.of(1));
    expect(flash.share().map((block) => block !== undefined)).toEqual([false, true, false, false]);
    flash.erase(blockBytes, blockBytes);
    expect(flash.share().every((block) => block === undefined)).toBe(true);
  });

  it("turns bits from 1 to 0 only, until they are erased", () => {
    const flash = new FlashMemory(sizeBytes);
    flash.program(10, Uint8Array.of(0xf0));
    flash.program(10, Uint8Array.of(0x3c));
    expect(flash.read(10, 1)).toEqual(Uint8Array.of(0x30));
    flash.erase(10, 1);
    expect(flash.read(10, 1)).toEqual(Uint8Array.of(0xff));
  });

  it("does what an array of bytes does, operation for operation", () => {
    const offset = fc.nat(sizeBytes - 1);
    const operation = fc.record({
      kind: fc.constantFrom("program", "erase", "replace", "share"),
      offset,
      bytes: fc.uint8Array({ maxLength: 3 * sectorBytes }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
        const flash = new FlashMemory(sizeBytes);
        const model = new Uint8Array(sizeBytes).fill(0xff);
        const shared: { readonly copy: FlashMemory; readonly expected: Uint8Array }[] = [];
        for (const { kind, offset: at, bytes } of operations) {
          const piece = bytes.subarray(0, sizeBytes - at);
          if (kind === "program") {
            flash.program(at, piece);
            for (const [index, byte] of piece.entries()) model[at + index] = (model[at + index] as number) & byte;
          } else if (kind === "erase" && piece.length > 0) {
            flash.erase(at, piece.length);
            const start = at - (at % sectorBytes);
            model.fill(0xff, start, Math.ceil((at + piece.length) / sectorBytes) * sectorBytes);
          } else if (kind === "replace") {
            flash.replace(at, piece);
            model.set(piece, at);
          } else {
            shared.push({ copy: new FlashMemory(sizeBytes, flash.share()), expected: model.slice() });
          }
        }
        expect(Buffer.compare(flash.read(0, sizeBytes), model)).toBe(0);
        for (const { copy, expected } of shared) expect(Buffer.compare(copy.read(0, sizeBytes), expected)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses what lies outside", () => {
    const flash = new FlashMemory(sizeBytes);
    for (const [offset, length] of [
      [-1, 1],
      [sizeBytes, 1],
      [0, sizeBytes + 1],
    ] as const) {
      expect(() => flash.read(offset, length)).toThrow(/outside of a flash/);
    }
  });
});

describe("the time that a flash chip takes", () => {
  it("is that of whole blocks where they are whole, of sectors and pages elsewhere", () => {
    expect(eraseMs(typicalFlash, 0, 1)).toBe(45);
    expect(eraseMs(typicalFlash, 0, blockBytes)).toBe(150);
    expect(eraseMs(typicalFlash, sectorBytes, blockBytes)).toBe(16 * 45);
    expect(eraseMs(typicalFlash, sectorBytes, 2 * blockBytes)).toBe(15 * 45 + 150 + 45);
    expect(programMs(typicalFlash, 0, 256)).toBeCloseTo(0.4);
    expect(programMs(typicalFlash, 255, 2)).toBeCloseTo(0.8);
    expect(programMs(typicalFlash, 0, 0)).toBe(0);
  });
});
