import { createHash } from "node:crypto";
import { configPath, decodeSlotRecord, isEspxError, SLOT_RECORD_PATHS } from "@espx/proto";
import type { Release, SlotRecord } from "@espx/proto";
import { parseRunningAnswer, runningQuery } from "@espx/serial";
import type { RunningAnswer } from "@espx/serial";
import { createWorld } from "@espx/sim";
import { FlashStore } from "../../packages/sim/src/flash/flash-store.ts";
import { foreignMark } from "./record-deploy.ts";
import type { RecordedDeploy } from "./record-deploy.ts";
import { markPattern } from "./releases.ts";

/** Where the power went: after `upTo` operations, with `tornBytes` of the next one. */
export interface Cut {
  readonly upTo: number;
  readonly tornBytes?: number;
}

/** What came up after a cut: one of the two sets, or what is wrong. */
export interface Outcome {
  readonly cut: Cut;
  readonly set: "old" | "new" | null;
  readonly faults: readonly string[];
}

/** Long enough for ten seconds of proof. */
const RUN_MS = 14_000;

export interface Releases {
  /** null when the board ran a program of its own. */
  readonly before: Release | null;
  readonly after: Release;
}

/** Rebuilds the flash as the cut left it, boots a board from it in virtual time, and looks at what runs. */
export async function bootAfter(deploy: RecordedDeploy, cut: Cut, releases: Releases): Promise<Outcome> {
  const files = FlashStore.replay(deploy.initial, deploy.journal, cut).files();
  await using world = await createWorld({ mode: "virtual", seed: 1 });
  const board = await world.addBoard({ name: "powercut", files: Object.fromEntries(files) });
  const seen = { console: "", boots: 0 };
  board.onEvent((event) => {
    if (event.kind === "console") seen.console += new TextDecoder().decode(event.bytes);
    if (event.kind === "boot") seen.boots++;
  });
  await board.powerOn();
  await world.advance(RUN_MS);
  await board.openSerial().write(new TextEncoder().encode(runningQuery));
  await world.advance(500);
  const answer = seen.console
    .split("\r\n")
    .map(parseRunningAnswer)
    .findLast((found) => found !== null);
  const initial = FlashStore.restore(deploy.initial).files();
  const evidence = { cut, releases, answer, flash: board.flash.files(), initial, ...seen };
  const foreign = seen.console.split(foreignMark).length - 1;
  return foreign > 0 ? judgeForeign(evidence, foreign) : judge(evidence);
}

interface Evidence {
  readonly cut: Cut;
  readonly releases: Releases;
  readonly answer: RunningAnswer | null | undefined;
  readonly flash: ReadonlyMap<string, Uint8Array>;
  /** What was there before the deploy. */
  readonly initial: ReadonlyMap<string, Uint8Array>;
  readonly console: string;
  readonly boots: number;
}

/** The program that was there before ran: once, by itself, and where it was. */
function judgeForeign({ cut, releases, answer, boots }: Evidence, runs: number): Outcome {
  const faults: string[] = [];
  if (releases.before !== null) faults.push("a program runs that was not there before");
  if (answer) faults.push(`the program runs and so does ${answer.release}`);
  if (boots !== 1 || runs !== 1) faults.push(`started ${boots} times, the program ran ${runs} times`);
  return { cut, set: "old", faults };
}

function judge(evidence: Evidence): Outcome {
  const { cut, releases, answer, flash, console, boots } = evidence;
  const faults: string[] = [];
  if (boots !== 1) faults.push(`started ${boots} times`);
  const record = newestRecord(flash);
  if (!answer || record === null) {
    return { cut, set: null, faults: [...faults, `does not come up; it printed: ${console.slice(-600)}`] };
  }
  const set = answer.release === releases.after.id ? "new" : answer.release === releases.before?.id ? "old" : null;
  if (set === null) return { cut, set, faults: [...faults, `runs ${answer.release}`] };
  const release = set === "new" || releases.before === null ? releases.after : releases.before;
  if (answer.state !== "confirmed") faults.push(`is ${answer.state} and waits for ${answer.waitingFor.join(", ")}`);
  if (record.slot !== answer.slot) faults.push(`says slot ${answer.slot}, the record says ${record.slot}`);
  if (answer.config !== (record.config?.slice(0, 8) ?? null)) {
    faults.push(`says config ${answer.config}, the record says ${record.config}`);
  }
  faults.push(...setFaults(release, answer.slot, flash), ...configFaults(release, record, flash));
  faults.push(...launcherFaults(evidence), ...markFaults(set, console));
  return { cut, set, faults };
}

/** Every file of the set that runs, by hash; and no other file in its slot. */
function setFaults(release: Release, slot: string, flash: Evidence["flash"]): string[] {
  const expected = new Map(release.files.map((file) => [`/${slot}/${file.path}`, file.sha256]));
  const found = new Map(
    [...flash].filter(([path]) => path.startsWith(`/${slot}/`)).map(([path, bytes]) => [path, hash(bytes)]),
  );
  const paths = new Set([...expected.keys(), ...found.keys()]);
  return [...paths]
    .filter((path) => expected.get(path) !== found.get(path))
    .map((path) => `${path} is not of this set`);
}

function configFaults(release: Release, record: SlotRecord, flash: Evidence["flash"]): string[] {
  const expected = release.config?.sha256 ?? null;
  const found = hashOf(flash, configPath(record.config));
  if (record.config === expected && found === expected) return [];
  return [`the record names config ${record.config}, the file is ${found}, the set's is ${expected}`];
}

/** Launcher files change one by one: each is what it was before or what it will be. */
function launcherFaults({ releases, flash, initial }: Evidence): string[] {
  const states = releases.after.launcher.map(({ path, sha256 }) => ({
    path,
    allowed: [hashOf(initial, path), sha256],
  }));
  return states
    .filter(({ path, allowed }) => !allowed.includes(hashOf(flash, path)))
    .map(({ path }) => `${path} is neither old nor new`);
}

function markFaults(set: "old" | "new", console: string): string[] {
  const mark = markPattern.exec(console.replaceAll("\r", ""));
  const number = set === "old" ? "1" : "2";
  if (mark?.slice(1).every((digit) => digit === number)) return [];
  return [`the ${set} set runs, its program says "${mark?.[0] ?? "nothing"}"`];
}

function newestRecord(flash: Evidence["flash"]): SlotRecord | null {
  const records = SLOT_RECORD_PATHS.flatMap((path) => {
    try {
      return [decodeSlotRecord(flash.get(path) ?? new Uint8Array())];
    } catch (error) {
      if (isEspxError(error)) return [];
      throw error;
    }
  });
  return records.toSorted((left, right) => right.count - left.count)[0] ?? null;
}

function hashOf(files: Evidence["flash"], path: string): string | null {
  const bytes = files.get(path);
  return bytes === undefined ? null : hash(bytes);
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
