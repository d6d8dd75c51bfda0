import type { Inventory, Release, Step } from "@espx/proto";
import { sendStep } from "./slot-steps.ts";
import type { BoardFiles } from "./slot-steps.ts";

/**
 * Steps that bring the launcher up to date, `/main.py` and `/boot.py` last.
 *
 * They stand after the commit: until `/main.py` is ours nothing reads the record, so a program that was there before
 * keeps running when the power goes in between.
 */
export function launcherSteps(release: Release, inventory: Inventory, board: BoardFiles): Step[] {
  const differing = release.launcher.filter((file) => board.get(file.path)?.sha256 !== file.sha256);
  const replaced = inventory.foreign.filter((path) => differing.some((file) => file.path === path));
  const ordered = differing.toSorted((left, right) => rank(left.path) - rank(right.path));
  return [...replaced.flatMap((path) => saveStep(path, board)), ...ordered.map((file) => sendStep(file.path, file))];
}

function rank(path: string): number {
  return ["/main.py", "/boot.py"].indexOf(path);
}

/** Copies a foreign program to a free name below `/old/`, unless it already lies there. */
function saveStep(path: string, board: BoardFiles): Step[] {
  const file = board.get(path);
  if (file === undefined) return [];
  const name = path.slice(1, -".py".length);
  for (let turn = 0; ; turn++) {
    const target = turn === 0 ? `/old/${name}.py` : `/old/${name}-${turn}.py`;
    const there = board.get(target);
    if (there?.sha256 === file.sha256) return [];
    if (there !== undefined) continue;
    return [
      {
        kind: "put",
        path: target,
        sizeBytes: file.sizeBytes,
        sha256: file.sha256,
        source: { kind: "copy", from: path },
      },
    ];
  }
}
