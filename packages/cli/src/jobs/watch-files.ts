import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { ignoreRules, type IgnoreRules } from "../project/ignore.ts";

/** How often files are looked at. Watching by the operating system misses what editors do on some systems; this never does. */
const LOOK_EVERY_MS = 100;
const MAX_DEPTH = 16;

/** Files and folders that are watched; a path that is not there may come. */
export interface Watched {
  readonly paths: readonly string[];
}

/** Every file below the paths with what changes when it is saved. */
export type Snapshot = ReadonlyMap<string, string>;

export async function takeSnapshot({ paths }: Watched): Promise<Snapshot> {
  const found = new Map<string, string>();
  const rules = ignoreRules([]);
  for (const path of paths) await look(found, rules, { path, depth: 0 });
  return found;
}

/**
 * Resolves when something is different from `before`, and has then been quiet for a moment: many saves at once are one.
 *
 * @throws what the run's signal was aborted with
 */
export async function untilChange(ctx: Context, watched: Watched, before: Snapshot): Promise<Snapshot> {
  let last = before;
  for (;;) {
    await ctx.clock.sleep(LOOK_EVERY_MS, ctx.signal);
    const now = await takeSnapshot(watched);
    if (!isSame(now, before) && isSame(now, last)) return now;
    last = now;
  }
}

async function look(
  found: Map<string, string>,
  rules: IgnoreRules,
  { path, depth }: { readonly path: string; readonly depth: number },
): Promise<void> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return;
  // An editor that writes a new file and renames it changes the inode, if nothing else.
  if (facts.isFile()) found.set(path, `${facts.size} ${facts.mtimeMs} ${facts.ino}`);
  if (!facts.isDirectory() || depth > MAX_DEPTH) return;
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name !== ".espxignore" && rules.ignores(entry.name, entry.isDirectory())) continue;
    await look(found, rules, { path: join(path, entry.name), depth: depth + 1 });
  }
}

function isSame(left: Snapshot, right: Snapshot): boolean {
  return left.size === right.size && [...left].every(([path, facts]) => right.get(path) === facts);
}
