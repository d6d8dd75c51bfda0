import type { FileFact, Release, ReleaseFile, SlotName, Step, StepSource } from "@espx/proto";
import { isKept } from "./keep.ts";

/** What a board holds, by absolute path. */
export type BoardFiles = ReadonlyMap<string, FileFact>;

/** Steps that make slot `to` what the release says, with the program's own files of slot `from`. */
export function slotSteps(
  release: Release,
  board: BoardFiles,
  slots: { readonly from: SlotName | null; readonly to: SlotName },
): Step[] {
  const wanted = wantedFiles(release, board, slots);
  const stale = [...board.keys()].filter((path) => path.startsWith(`/${slots.to}/`) && !wanted.has(path));
  const removed = stale.filter((path) => !isKept(path, absolute(release.keep)));
  const puts = [...wanted.values()].filter((file) => board.get(file.path)?.sha256 !== file.sha256);
  return [
    ...removed.map((path): Step => ({ kind: "remove", path })),
    ...puts.map((file) => putStep(file, board, slots.to)),
  ];
}

/** Whether a slot holds the release's files and nothing else but what the program keeps. */
export function holdsRelease(release: Release, board: BoardFiles, slot: SlotName): boolean {
  return slotSteps(release, board, { from: slot, to: slot }).length === 0;
}

type WantedFile = FileFact & { readonly source: StepSource };

/** What the program wrote itself wins over a file of the same name that the release brings. */
function wantedFiles(
  release: Release,
  board: BoardFiles,
  { from, to }: { readonly from: SlotName | null; readonly to: SlotName },
): ReadonlyMap<string, WantedFile> {
  const wanted = new Map<string, WantedFile>();
  for (const { path, sizeBytes, sha256, bytes } of release.files) {
    wanted.set(`/${to}/${path}`, { path: `/${to}/${path}`, sizeBytes, sha256, source: { kind: "blob", bytes } });
  }
  for (const file of board.values()) {
    if (from === null || !file.path.startsWith(`/${from}/`)) continue;
    const relative = file.path.slice(from.length + 2);
    if (relative === "release.json" || !isKept(relative, release.keep)) continue;
    const source: StepSource = { kind: "copy", from: file.path };
    wanted.set(`/${to}/${relative}`, { ...file, path: `/${to}/${relative}`, source });
  }
  return wanted;
}

/** A copy on the board costs no wire, so any file with the same content outside the slot will do as its source. */
function putStep(file: WantedFile, board: BoardFiles, to: SlotName): Step {
  const twin = [...board.values()].find((other) => other.sha256 === file.sha256 && !other.path.startsWith(`/${to}/`));
  const { path, sizeBytes, sha256 } = file;
  const source: StepSource = twin === undefined ? file.source : { kind: "copy", from: twin.path };
  return { kind: "put", path, sizeBytes, sha256, source };
}

/** The step that sends a file of a release to `path`. */
export function sendStep(path: string, { sizeBytes, sha256, bytes }: ReleaseFile): Step {
  return { kind: "put", path, sizeBytes, sha256, source: { kind: "blob", bytes } };
}

function absolute(keep: readonly string[]): readonly string[] {
  return keep.filter((pattern) => pattern.startsWith("/"));
}
