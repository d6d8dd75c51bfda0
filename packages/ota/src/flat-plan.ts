import { RefusedError } from "@espx/proto";
import type { Inventory, Plan, ReleaseFile, Sha256, Step } from "@espx/proto";
import { findShortage, wrongChip, wrongMpy, wrongVariant, wrongVersion } from "./fit.ts";
import { isKept } from "./keep.ts";
import { sendBytes } from "./plan.ts";
import type { Requirements } from "./policy.ts";
import { hashFiles, releaseId } from "./release.ts";
import type { SourceFile } from "./release.ts";
import { sendStep } from "./slot-steps.ts";

/** Files with the paths that they have on the board, and nothing else: no slots, no framework. */
export interface FlatRelease {
  /** `<name>-<8 hexadecimal digits>`: equal content has equal ids. */
  readonly id: string;
  /** Paths are absolute. */
  readonly files: readonly ReleaseFile[];
}

export interface FlatPolicy {
  /** Whether files that are not in the set are removed. */
  readonly prune: boolean;
  /** Globs of what is never removed: relative ones are held against the path without its first slash. */
  readonly protect: readonly string[];
  /** What else is never removed, by the path without its first slash. */
  readonly isProtected?: (path: string) => boolean;
  /** Whether a board with slots may lose its launcher. */
  readonly replaceSlots: boolean;
  readonly requires?: Requirements;
}

/** What turns a board into the set; there is no slot and no record. */
export interface FlatPlan extends Plan {
  readonly slot: null;
  /** Files that prune removes; also known without it. */
  readonly stale: readonly string[];
}

export type FlatDecision = { readonly plan: FlatPlan } | { readonly refusal: RefusedError };

/** What prune leaves even when nobody asks for it: settings and secrets that are made on a board. */
const alwaysProtected = [
  "boot.py",
  "config.txt",
  "config-*.txt",
  "webrepl_cfg.py",
  "secrets.py",
  "state",
  "old",
] as const;

/**
 * Hashes the files of a folder.
 *
 * @param files - paths relative to the board's root
 * @throws UsageError `ota/bad-path`
 */
export async function flatRelease(name: string, files: readonly SourceFile[], sha256: Sha256): Promise<FlatRelease> {
  const hashed = await hashFiles(files, sha256);
  return {
    id: await releaseId(name, hashed, sha256),
    files: hashed.map((file) => ({ ...file, path: `/${file.path}` })),
  };
}

/**
 * Decides what makes a board hold the files of a set; touches nothing.
 *
 * Each file is replaced by itself, what is started by name last, so that it finds what it imports. What goes is removed
 * after all is there.
 */
export function planFlat(release: FlatRelease, inventory: Inventory, policy: FlatPolicy): FlatDecision {
  const misfit = findMisfit(release, inventory, policy);
  if (misfit !== null) return { refusal: misfit };
  const board = new Map(inventory.files.map((file) => [file.path, file]));
  const puts = release.files.filter((file) => board.get(file.path)?.sha256 !== file.sha256);
  const stale = staleFiles(release, inventory, policy);
  const leaving = [...new Set([...slotFiles(release, inventory), ...(policy.prune ? stale : [])])];
  const blocked = inTheWay(release, inventory);
  const free = blocked.filter((path) => leaving.includes(path));
  if (blocked.length > free.length) return { refusal: blockedError(blocked) };
  const steps: Step[] = [
    ...free.map((path): Step => ({ kind: "remove", path })),
    ...puts.toSorted((left, right) => rank(left.path) - rank(right.path)).map((file) => sendStep(file.path, file)),
    ...leaving.filter((path) => !free.includes(path)).map((path): Step => ({ kind: "remove", path })),
  ];
  const shortage = findShortage(steps, inventory);
  if (shortage !== null) return { refusal: shortage };
  return { plan: { steps, slot: null, upToDate: steps.length === 0, sendBytes: sendBytes(steps), stale } };
}

/** Everything else before `main.py`, and that before `boot.py`. */
function rank(path: string): number {
  return ["/main.py", "/boot.py"].indexOf(path);
}

function findMisfit(release: FlatRelease, inventory: Inventory, policy: FlatPolicy): RefusedError | null {
  return (
    wrongChip(inventory, policy) ??
    (policy.requires?.versions === undefined ? null : wrongVersion(inventory, policy)) ??
    wrongVariant(inventory, policy) ??
    wrongMpy(release.files, inventory) ??
    (policy.replaceSlots || !hasSlots(inventory) ? null : slotsError())
  );
}

/** Whether our launcher decides what runs: there is a record, and one of the two files that are started is ours. */
function hasSlots({ record, files, foreign }: Inventory): boolean {
  const started = ["/boot.py", "/main.py"].filter((path) => files.some((file) => file.path === path));
  return record !== null && started.some((path) => !foreign.includes(path));
}

/** What of a board with slots would still act beside the new files: the records and the launcher. */
function slotFiles(release: FlatRelease, inventory: Inventory): readonly string[] {
  if (!hasSlots(inventory)) return [];
  const acting = ["/boot.py", "/main.py", "/safe/slots.mpy", "/state/slot0", "/state/slot1"];
  return acting.filter(
    (path) =>
      inventory.files.some((file) => file.path === path) &&
      !inventory.foreign.includes(path) &&
      !release.files.some((file) => file.path === path),
  );
}

function staleFiles(release: FlatRelease, inventory: Inventory, policy: FlatPolicy): readonly string[] {
  const wanted = new Set(release.files.map((file) => file.path));
  const patterns = [...alwaysProtected, ...policy.protect].map((glob) => glob.replace(/^\//, ""));
  const stays = (path: string): boolean => isKept(path, patterns) || policy.isProtected?.(path) === true;
  return inventory.files
    .map((file) => file.path)
    .filter((path) => !wanted.has(path) && !stays(path.slice(1)))
    .toSorted((left, right) => (left < right ? -1 : 1));
}

/** Files of the board that lie where a folder of the set goes, or in a folder that has the name of a file of the set. */
function inTheWay(release: FlatRelease, { files }: Inventory): readonly string[] {
  const wanted = release.files.map((file) => file.path);
  return files
    .map((file) => file.path)
    .filter((path) => wanted.some((file) => file.startsWith(`${path}/`) || path.startsWith(`${file}/`)));
}

function blockedError(paths: readonly string[]): RefusedError {
  return new RefusedError("deploy/in-the-way", `${paths.join(", ")} on the board stands where a folder or file goes`, {
    hint: "remove it from the board, or let --prune do it",
    details: { paths },
  });
}

function slotsError(): RefusedError {
  return new RefusedError("deploy/slots-in-use", "the board runs sets of files in slots, which these files would end", {
    hint: "agree to it, or pass --yes; the sets stay as files, but nothing starts them any more",
  });
}
