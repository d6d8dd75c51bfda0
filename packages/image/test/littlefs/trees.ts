import { type LittlefsEntry, MTIME_ATTRIBUTE } from "@espx/image";
import { SeededRandom } from "../../../../testsuite/fuzz/seeded-random.ts";

const sizes = [0, 1, 40, 128, 129, 700, 4080, 4096, 4097, 8188, 20_000, 70_000];
const letters = Array.from("abcdefghijklmnopqrstuvwxyz0123456789_-.äß");

/** A random tree: nested directories, empty, small and large files, long names, some with times. */
export function randomTree(seed: number, count: number, largestBytes: number): readonly LittlefsEntry[] {
  const random = new SeededRandom(seed);
  const folders = [""];
  const entries = new Map<string, LittlefsEntry>();
  while (entries.size < count) {
    const path = `${random.pick(folders)}/${randomName(random)}`;
    if (entries.has(path) || path.length > 400) continue;
    if (random.below(5) === 0) {
      folders.push(path);
      entries.set(path, { kind: "directory", path, attributes: new Map() });
    } else {
      const attributes = new Map(random.below(3) === 0 ? [[MTIME_ATTRIBUTE, random.bytes(8)]] : []);
      const size = random.below(40) === 0 ? largestBytes : Math.min(random.pick(sizes), largestBytes);
      entries.set(path, { kind: "file", path, data: random.bytes(size), attributes });
    }
  }
  return [...entries.values()];
}

function randomName(random: SeededRandom): string {
  const length = random.pick([1, 4, 8, 8, 12, 30, 120]);
  return `n${Array.from({ length }, () => random.pick(letters)).join("")}`;
}

/** One line a path, for comparison: what a board would see. */
export function outline(entries: readonly LittlefsEntry[]): readonly string[] {
  return entries.map((entry) => `${entry.path} ${entry.kind} ${entry.kind === "file" ? digest(entry) : ""}`).toSorted();
}

function digest(entry: LittlefsEntry & { readonly kind: "file" }): string {
  const base64 = Buffer.from(entry.data).toString("base64");
  const mtime = Buffer.from(entry.attributes?.get(MTIME_ATTRIBUTE) ?? []).toString("base64");
  return `${entry.data.length} ${base64} ${mtime}`.trim();
}
