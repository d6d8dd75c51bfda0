import { type LittlefsEntry, MTIME_ATTRIBUTE, encodeMtime, makeLittlefs, mtimeOf, readLittlefs } from "@espx/image";
import { parseHex } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomesOf } from "../../../../testsuite/fuzz/mutation.ts";
import { resealLittlefs } from "../../../../testsuite/fuzz/reseal.ts";
import { type SparseBytes, codeOf, failureOf, unpack, vectors } from "../vectors.ts";
import { outline, randomTree } from "./trees.ts";

interface Case {
  readonly name: string;
  readonly blockSizeBytes: number;
  readonly bytes: SparseBytes;
  readonly value?: readonly {
    readonly path: string;
    readonly kind: "file" | "directory";
    readonly data?: string;
    readonly mtime?: string;
  }[];
  readonly error?: string;
}

function entryOf({ path, kind, data, mtime }: NonNullable<Case["value"]>[number]): LittlefsEntry {
  if (kind === "directory") return { kind, path };
  const attributes = new Map(mtime === undefined ? [] : [[MTIME_ATTRIBUTE, parseHex(mtime)]]);
  return { kind, path, data: parseHex(data ?? ""), attributes };
}

const file = (path: string, size = 1): LittlefsEntry => ({ kind: "file", path, data: new Uint8Array(size).fill(7) });

describe("littlefs image", () => {
  const cases = vectors<Case>("littlefs");
  for (const { name, blockSizeBytes, bytes, value, error } of cases) {
    if (error === undefined) {
      test(`${name} reads as its vector says`, () => {
        const { entries } = readLittlefs(unpack(bytes), { blockSizeBytes });
        expect(outline(entries)).toEqual(outline((value ?? []).map(entryOf)));
      });
    } else {
      test(`${name} is refused as ${error}`, () =>
        expect(codeOf(() => readLittlefs(unpack(bytes), { blockSizeBytes }))).toBe(error));
    }
  }

  test("what was made is read, whatever the size of blocks and programs", () => {
    const blocks = fc.constantFrom(512, 1024, 4096);
    fc.assert(
      fc.property(fc.nat(), fc.nat(60), blocks, fc.constantFrom(1, 16, 256), (seed, count, blockSizeBytes, program) => {
        const tree = randomTree(seed, count, 20_000);
        const options = { sizeBytes: 4 << 20, blockSizeBytes, programSizeBytes: program, inlineMaxBytes: 64 };
        const read = readLittlefs(makeLittlefs(tree, options), { blockSizeBytes });
        expect(outline(read.entries)).toEqual(outline(tree));
      }),
      { numRuns: 25 },
    );
  });

  test("the superblock holds what the image was made for", () => {
    const made = makeLittlefs([], { sizeBytes: 0xf0000, version: "2.0", nameMaxBytes: 64 });
    expect(readLittlefs(made)).toEqual({
      version: "2.0",
      blockSizeBytes: 4096,
      blockCount: 240,
      nameMaxBytes: 64,
      fileMaxBytes: 0x7fffffff,
      attributeMaxBytes: 1022,
      entries: [],
      usedBlocks: 2,
    });
  });

  test("directories that only stand in paths are made, and one may be listed after its files", () => {
    const attributes = new Map([[MTIME_ATTRIBUTE, encodeMtime(1)]]);
    const entries = [file("/a/b/c.py"), file("/a/d.py"), { kind: "directory", path: "/a", attributes } as const];
    const read = readLittlefs(makeLittlefs(entries, { sizeBytes: 0x10000 })).entries;
    expect(read.map(({ path }) => path)).toEqual(["/a", "/a/b", "/a/d.py", "/a/b/c.py"]);
    expect(mtimeOf(read[0] as LittlefsEntry)).toBe(1);
  });

  test("a partition that is too small says how many blocks are missing", () => {
    const { code, error } = failureOf(() => makeLittlefs([file("/big", 20_000)], { sizeBytes: 0x4000 }));
    expect(code).toBe("image/littlefs-full");
    expect(error.message).toBe("the files need 7 blocks of 4096 bytes, the partition has 4");
  });

  test("a file may fill the partition to its last block", () => {
    const image = makeLittlefs([file("/big", 4096 + 4092 + 4088)], { sizeBytes: 5 * 4096 });
    expect(readLittlefs(image).usedBlocks).toBe(5);
  });

  test.each([
    ["a relative path", [file("main.py")]],
    ["the root", [file("/")]],
    ["a path that climbs", [file("/a/../b")]],
    ["a name of 256 bytes", [file(`/${"ä".repeat(128)}`)]],
    ["a file twice", [file("/a"), file("/a")]],
    ["a file that is a directory too", [file("/a"), file("/a/b")]],
    ["a directory that is a file too", [file("/a/b"), file("/a")]],
    ["an attribute of 1023 bytes", [{ ...file("/a"), attributes: new Map([[1, new Uint8Array(1023)]]) }]],
    ["an attribute of type 256", [{ ...file("/a"), attributes: new Map([[256, new Uint8Array(1)]]) }]],
    [
      "attributes that are more than a block",
      [{ ...file("/a"), attributes: new Map([1, 2, 3, 4, 5].map((type) => [type, new Uint8Array(1000)])) }],
    ],
  ] as const)("%s cannot be held", (_, entries) => {
    expect(codeOf(() => makeLittlefs(entries, { sizeBytes: 0x10000 }))).toBe("image/littlefs-unfit");
  });

  test.each([{ blockSizeBytes: 64 }, { programSizeBytes: 1024 }, { inlineMaxBytes: 1023 }, { nameMaxBytes: 2000 }])(
    "a format that no driver has is refused: %o",
    (options) => {
      expect(codeOf(() => makeLittlefs([], { sizeBytes: 0x10000, ...options }))).toBe("image/littlefs-unfit");
    },
  );

  test("times keep their microseconds, and an entry without one says so", () => {
    const entry = { ...file("/a"), attributes: new Map([[MTIME_ATTRIBUTE, encodeMtime(1_790_000_000.123456)]]) };
    expect(mtimeOf(entry)).toBe(1_790_000_000.123456);
    expect(mtimeOf(file("/a"))).toBe(null);
  });

  test("hostile bytes are refused as the protocol says", () => {
    const good = cases.filter(({ error, blockSizeBytes }) => error === undefined && blockSizeBytes === 256);
    const samples = good.map(({ bytes }) => unpack(bytes));
    const all = new Set(["value", "ProtocolError"]);
    const reseal = resealLittlefs(256);
    expect(outcomesOf((bytes) => readLittlefs(bytes, { blockSizeBytes: 256 }), samples, 2000)).toEqual(all);
    expect(outcomesOf((bytes) => readLittlefs(reseal(bytes), { blockSizeBytes: 256 }), samples, 3000)).toEqual(all);
    const large = makeLittlefs(randomTree(5, 30, 9000), { sizeBytes: 0x80000 });
    expect(outcomesOf((bytes) => readLittlefs(resealLittlefs(4096)(bytes)), [large], 100)).toEqual(all);
  });
});
