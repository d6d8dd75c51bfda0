import { TRIAL_ATTEMPTS } from "@espx/proto";
import type { FileFact, Inventory, Plan, RefusedError, Release, SlotName, SlotRecord, Step } from "@espx/proto";
import { configSteps, staleConfigSteps, wantedConfig } from "./config-steps.ts";
import { findMisfit, findShortage } from "./fit.ts";
import { launcherSteps } from "./launcher-steps.ts";
import type { Policy } from "./policy.ts";
import { holdsRelease, slotSteps } from "./slot-steps.ts";
import type { BoardFiles } from "./slot-steps.ts";

/** A plan for a board with slots. */
export type SlotPlan = Plan & { readonly slot: SlotName };

/** Either the way to a release, or why there is none. */
export type Decision = { readonly plan: SlotPlan } | { readonly refusal: RefusedError };

/**
 * Decides how a board becomes what a release says; touches nothing.
 *
 * New code goes into the slot that does not run, or, for work at the desk, over the set that is being worked on already, and one commit record switches code and config together. A change of
 * config alone keeps the slot. A set that is still on trial and holds the slot that is needed is given up first: the
 * record goes back to the set before it, so that at every moment a record names a complete set.
 *
 * @returns a refusal with a code `deploy/…` when the release does not fit the board, see {@link findMisfit}
 */
export function plan(release: Release, inventory: Inventory, policy: Policy): Decision {
  const misfit = findMisfit(release, inventory, policy);
  if (misfit !== null) return { refusal: misfit };
  const { steps, slot } = allSteps(release, inventory, policy);
  const refusal = findShortage(steps, inventory);
  if (refusal !== null) return { refusal };
  return { plan: { steps, slot, upToDate: steps.length === 0, sendBytes: sendBytes(steps) } };
}

interface Change {
  readonly steps: Step[];
  readonly slot: SlotName;
}

function allSteps(release: Release, inventory: Inventory, policy: Policy): Change {
  const board: BoardFiles = new Map(inventory.files.map((file: FileFact) => [file.path, file]));
  const change = setSteps(release, inventory, { board, policy });
  const steps = [...change.steps, ...launcherSteps(release, inventory, board)];
  const commits = steps.filter((step) => step.kind === "commit");
  const record = commits.at(-1)?.record;
  if (record !== undefined) steps.push(...staleConfigSteps(release, record, inventory));
  if (steps.length > 0) steps.push({ kind: "reset" });
  return { steps, slot: change.slot };
}

interface Scene {
  readonly board: BoardFiles;
  readonly policy: Policy;
}

function setSteps(release: Release, inventory: Inventory, scene: Scene): Change {
  const { record } = inventory;
  if (record?.state === "dev" && scene.policy.inPlace === true)
    return inPlace(release, inventory, { ...scene, record });
  if (record !== null && holdsRelease(release, scene.board, record.slot)) {
    return sameSlot(release, inventory, { ...scene, record });
  }
  const back = record?.state === "trial" ? record.previous : null;
  if (record !== null && back !== null && back.slot !== record.slot) {
    return afterFallBack(release, inventory, { ...scene, record: fallenBack(record, back) });
  }
  return otherSlot(release, inventory, scene);
}

/** A set that is being worked on is changed where it lies; the other slot keeps what was there before the work began. */
function inPlace(release: Release, inventory: Inventory, scene: Scene & { readonly record: SlotRecord }): Change {
  const { record, board, policy } = scene;
  const { slot } = record;
  const config = wantedConfig(release, record, board);
  const steps = [...slotSteps(release, board, { from: slot, to: slot }), ...configSteps(release, config, board)];
  const commits =
    config === record.config ? [] : [commit(inventory, policy, { slot, config, previous: record.previous })];
  return { steps: [...steps, ...commits], slot };
}

/** The code is there; config, or the state of the record, may not be. */
function sameSlot(release: Release, inventory: Inventory, scene: Scene & { readonly record: SlotRecord }): Change {
  const { record, board, policy } = scene;
  const config = wantedConfig(release, record, board);
  const put = configSteps(release, config, board);
  const spent = record.state === "trial" && record.attemptsLeft === 0;
  const graduates = record.state === "dev" && policy.state === "trial";
  const settled = config === record.config && put.length === 0;
  if (settled && !spent && !graduates) return { steps: [], slot: record.slot };
  // What was worked on goes back to what was there before the work began.
  const before = graduates && record.previous !== null ? { ...record, state: "trial" as const } : record;
  const previous = settled && !graduates && record.state !== "trial" ? null : fallBackOf(before, board);
  return { steps: [...put, commit(inventory, policy, { slot: record.slot, config, previous })], slot: record.slot };
}

function otherSlot(release: Release, inventory: Inventory, { board, policy }: Scene): Change {
  const { record } = inventory;
  const slot = record?.slot === "a" ? "b" : "a";
  const config = wantedConfig(release, record, board);
  const puts = slotSteps(release, board, { from: record?.slot ?? null, to: slot });
  const previous = record === null ? null : fallBackOf(record, board);
  const last = commit(inventory, policy, { slot, config, previous });
  return { steps: [...puts, ...configSteps(release, config, board), last], slot };
}

/** Gives up a trial whose fall-back lies in the other slot, then plans from there. */
function afterFallBack(release: Release, inventory: Inventory, scene: Scene & { readonly record: SlotRecord }): Change {
  const { record } = scene;
  const recordFile = nextRecordFile(inventory);
  const change = setSteps(release, { ...inventory, record, recordFile }, scene);
  return { steps: [{ kind: "commit", record, recordFile }, ...change.steps], slot: change.slot };
}

function fallenBack(record: SlotRecord, back: NonNullable<SlotRecord["previous"]>): SlotRecord {
  return {
    ...record,
    count: record.count + 1,
    slot: back.slot,
    config: back.config,
    state: "confirmed",
    attemptsLeft: 0,
    previous: null,
  };
}

/** What is known to be good: the set that runs, unless it is itself on trial or is no longer there. */
function fallBackOf(record: SlotRecord, board: BoardFiles): SlotRecord["previous"] {
  const back = record.state === "trial" ? record.previous : { slot: record.slot, config: record.config };
  return back !== null && board.has(`/${back.slot}/main.py`) ? back : null;
}

function commit(
  inventory: Inventory,
  { state }: Policy,
  target: Pick<SlotRecord, "slot" | "config" | "previous">,
): Extract<Step, { kind: "commit" }> {
  const { count, floor } = inventory.record ?? { count: 0, floor: 0 };
  const attemptsLeft = state === "trial" ? TRIAL_ATTEMPTS : 0;
  const record: SlotRecord = { count: count + 1, ...target, state, attemptsLeft, floor };
  return { kind: "commit", record, recordFile: nextRecordFile(inventory) };
}

function nextRecordFile({ recordFile }: Inventory): 0 | 1 {
  return recordFile === 0 ? 1 : 0;
}

/** Bytes of all blobs that the steps send. */
export function sendBytes(steps: readonly Step[]): number {
  let total = 0;
  for (const step of steps) if (step.kind === "put" && step.source.kind === "blob") total += step.sizeBytes;
  return total;
}
