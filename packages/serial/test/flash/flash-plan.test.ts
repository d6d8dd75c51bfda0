import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FlashRegion, planFlash } from "../../src/flash/flash-plan.ts";

const md5 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("md5").update(bytes).digest());
const sector = 4096;
const block = 65_536;

/** A chip that is asked for digests. */
class Chip {
  readonly flash = new Uint8Array(1024 * 1024).fill(0xff);
  asked = 0;

  readonly ask = (address: number, sizeBytes: number): Promise<Uint8Array> => {
    this.asked++;
    return Promise.resolve(md5(this.flash.subarray(address, address + sizeBytes)));
  };

  /** Does what a plan says, as a chip does it: whole sectors are erased. */
  async bring(regions: readonly FlashRegion[]): Promise<void> {
    for (const run of (await planFlash(regions, this.ask, { md5 })).runs) {
      const length = run.kind === "write" ? run.bytes.length : run.sizeBytes;
      if (run.address % sector !== 0) throw new Error(`a run begins inside a sector, at ${run.address}`);
      this.flash.fill(0xff, run.address, Math.ceil((run.address + length) / sector) * sector);
      if (run.kind === "write") this.flash.set(run.bytes, run.address);
    }
  }
}

const filled = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13 + seed * 31) & 0x7f);

describe("what is missing on a chip", () => {
  test("is nothing when it holds all, told by few questions", async () => {
    const chip = new Chip();
    const region = { address: 0x10000, bytes: filled(12 * block + 100) };
    chip.flash.set(region.bytes, region.address);
    const plan = await planFlash([region], chip.ask, { md5 });
    expect(plan).toEqual({ runs: [], writeBytes: 0, eraseBytes: 0, unchangedBytes: region.bytes.length });
    // 1 block, 2, 4, and the rest.
    expect(chip.asked).toBe(4);
  });

  test("is one sector when one byte is another", async () => {
    const chip = new Chip();
    const region = { address: 0x10000, bytes: filled(4 * block) };
    chip.flash.set(region.bytes, region.address);
    chip.flash[0x2a123] = 0;
    const plan = await planFlash([region], chip.ask, { md5 });
    expect(plan.runs).toMatchObject([{ kind: "write", address: 0x2a000 }]);
    expect(plan.writeBytes).toBe(sector);
  });

  test("is asked for with few questions when everything differs", async () => {
    const chip = new Chip();
    chip.flash.fill(0x55);
    const plan = await planFlash([{ address: 0, bytes: filled(10 * block) }], chip.ask, { md5 });
    expect(plan.writeBytes).toBe(10 * block);
    expect(chip.asked).toBeLessThanOrEqual(2 * 10 + 2);
  });

  test("does not hold blank sectors of a blank chip, and no question is asked of one that was erased", async () => {
    const chip = new Chip();
    const bytes = filled(2 * block);
    bytes.fill(0xff, 3 * sector, 9 * sector);
    const plan = await planFlash([{ address: 0, bytes }], chip.ask, { md5 });
    expect(plan).toMatchObject({ writeBytes: 2 * block - 6 * sector, eraseBytes: 0, unchangedBytes: 6 * sector });
    expect(chip.asked).toBe(2);
    expect(await planFlash([{ address: 0, bytes }], chip.ask, { md5, known: "blank" })).toEqual(plan);
    expect(chip.asked).toBe(2);
  });

  test("is erased where the new content is blank and the old one is not", async () => {
    const chip = new Chip();
    chip.flash.set(filled(block), 0);
    const bytes = filled(block, 2);
    bytes.fill(0xff, 4 * sector, 6 * sector);
    const { runs } = await planFlash([{ address: 0, bytes }], chip.ask, { md5 });
    expect(runs.map(({ kind, address }) => [kind, address])).toEqual([
      ["write", 0],
      ["erase", 4 * sector],
      ["write", 6 * sector],
    ]);
  });

  test("when done, makes the chip hold every region, whatever it held", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(63), fc.constantFrom(0xff, 0x00, 0x5a)), { maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(63), fc.constantFrom(0xff, 0x00, 0x5a)), { maxLength: 40 }),
        fc.nat(5000),
        async (before, after, tail) => {
          const chip = new Chip();
          for (const [index, value] of before) chip.flash.fill(value, index * sector, (index + 1) * sector);
          const bytes = filled(20 * sector + tail);
          for (const [index, value] of after) bytes.fill(value, index * sector, (index + 1) * sector);
          const outside = chip.flash.slice(40 * sector);
          await chip.bring([{ address: 4 * sector, bytes }]);
          const got = chip.flash.subarray(4 * sector, 4 * sector + bytes.length);
          expect(Buffer.compare(got, bytes)).toBe(0);
          expect(Buffer.compare(chip.flash.subarray(40 * sector), outside)).toBe(0);
        },
      ),
      { numRuns: 60 },
    ));
});
