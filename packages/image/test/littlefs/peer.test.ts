import { type LittlefsEntry, MTIME_ATTRIBUTE, makeLittlefs, readLittlefs } from "@espx/image";
import { describe, expect, test } from "vitest";
import { askPython, pythonWith } from "../../../../testsuite/python.ts";
import { outline, randomTree } from "./trees.ts";

const python = pythonWith("littlefs");
const script = new URL("../peers/littlefs_peer.py", import.meta.url);
/** MicroPython on an ESP32. */
const board = {
  block_size: 4096,
  prog_size: 32,
  read_size: 32,
  cache_size: 128,
  lookahead_size: 32,
  block_cycles: 100,
};
/** Small blocks, so that directories split, relocate and grow superblocks after a few operations. */
const small = { block_size: 512, prog_size: 16, read_size: 16, cache_size: 128, lookahead_size: 32, block_cycles: 6 };

interface PeerEntry {
  readonly path: string;
  readonly kind: "file" | "directory";
  readonly data?: string;
  readonly mtime?: string;
}
interface PeerImage {
  readonly image: string;
  readonly entries: readonly PeerEntry[];
  readonly usedBlocks: number;
}

function ask<Answer>(jobs: readonly object[]): readonly Answer[] {
  return askPython(python as string, script, jobs) as readonly Answer[];
}

function peerOutline(entries: readonly PeerEntry[]): readonly string[] {
  return outline(
    entries.map((entry): LittlefsEntry => {
      if (entry.kind === "directory") return { kind: "directory", path: entry.path };
      const attributes = new Map(entry.mtime === undefined ? [] : [[MTIME_ATTRIBUTE, bytesOf(entry.mtime)]]);
      return { kind: "file", path: entry.path, data: bytesOf(entry.data ?? ""), attributes };
    }),
  );
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

describe.skipIf(python === undefined)("beside real littlefs (needs littlefs-python)", () => {
  const versions = [
    { version: "2.1", disk_version: 0 },
    { version: "2.0", disk_version: 0x20000 },
  ] as const;

  test.each(versions)("what we make as $version is read and written on by littlefs", ({ version, disk_version }) => {
    const trees = Array.from({ length: 10 }, (_, seed) => randomTree(seed + 1, 5 + 10 * seed, 300_000));
    const sizeBytes = 1024 * 4096;
    const config = { ...board, block_count: 1024, disk_version };
    const images = trees.map((tree) => makeLittlefs(tree, { sizeBytes, version }));
    const answers = ask<{ entries: readonly PeerEntry[]; usedBlocks: number; grown: PeerImage }>(
      images.map((image, seed) => ({
        verb: "read",
        image: Buffer.from(image).toString("base64"),
        config,
        seed,
        steps: 25,
      })),
    );
    for (const [index, { entries, usedBlocks, grown }] of answers.entries()) {
      expect(peerOutline(entries)).toEqual(outline(trees[index] as readonly LittlefsEntry[]));
      expect(readLittlefs(images[index] as Uint8Array).usedBlocks).toBe(usedBlocks);
      expect(outline(readLittlefs(bytesOf(grown.image)).entries)).toEqual(peerOutline(grown.entries));
    }
  });

  test("small blocks are made so that littlefs reads and writes on them", () => {
    const trees = Array.from({ length: 12 }, (_, seed) => randomTree(seed + 100, 20 + 5 * seed, 3000));
    const images = trees.map((tree) =>
      makeLittlefs(tree, { sizeBytes: 2048 * 512, blockSizeBytes: 512, programSizeBytes: 16, inlineMaxBytes: 60 }),
    );
    const config = { ...small, block_count: 2048 };
    const answers = ask<{ entries: readonly PeerEntry[]; grown: PeerImage }>(
      images.map((image, seed) => ({
        verb: "read",
        image: Buffer.from(image).toString("base64"),
        config,
        seed,
        steps: 40,
      })),
    );
    for (const [index, { entries, grown }] of answers.entries()) {
      expect(peerOutline(entries)).toEqual(outline(trees[index] as readonly LittlefsEntry[]));
      const read = readLittlefs(bytesOf(grown.image), { blockSizeBytes: 512 });
      expect(outline(read.entries)).toEqual(peerOutline(grown.entries));
    }
  });

  test.each([
    { name: "a board's blocks", config: { ...board, block_count: 512 }, largest: 300_000, steps: 40 },
    { name: "version 2.0", config: { ...board, block_count: 512, disk_version: 0x20000 }, largest: 9000, steps: 60 },
    { name: "small blocks", config: { ...small, block_count: 1024 }, largest: 3000, steps: 150 },
    {
      name: "large programs",
      config: { ...board, prog_size: 256, cache_size: 512, block_count: 256 },
      largest: 9000,
      steps: 60,
    },
  ])("what littlefs wrote, renamed and removed is read: $name", ({ config, largest, steps }) => {
    const jobs = Array.from({ length: 12 }, (_, seed) => ({ verb: "make", config, seed, largest, steps }));
    for (const { image, entries, usedBlocks } of ask<PeerImage>(jobs)) {
      const read = readLittlefs(bytesOf(image), { blockSizeBytes: config.block_size });
      expect(outline(read.entries)).toEqual(peerOutline(entries));
      expect(read.usedBlocks).toBe(usedBlocks);
      expect(entries.length).toBeGreaterThan(5);
    }
  });

  test("what a loss of power left is read as littlefs itself reads it", () => {
    const config = { ...small, block_count: 128 };
    const jobs = [1, 2, 3, 4].map((seed) => ({ verb: "cut", config, seed, largest: 900, steps: 60, keep: 4 }));
    const snapshots = ask<{ snapshots: readonly PeerImage[] }>(jobs).flatMap((answer) => answer.snapshots);
    for (const { image, entries } of snapshots) {
      const read = readLittlefs(bytesOf(image), { blockSizeBytes: 512 });
      expect(outline(read.entries)).toEqual(peerOutline(entries));
    }
    expect(snapshots.length).toBeGreaterThan(300);
  });
});
