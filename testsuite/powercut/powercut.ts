import type { FlashOperation } from "@espx/proto";
import { failures, figure } from "../figures/row.ts";
import type { FigureOptions, Row } from "../figures/row.ts";
import { bootAfter } from "./boot-cut.ts";
import type { Cut, Outcome, Releases } from "./boot-cut.ts";
import { recordDeploy, recordTakeover } from "./record-deploy.ts";
import type { RecordedDeploy } from "./record-deploy.ts";
import { twoReleases } from "./releases.ts";

/** Cuts that a sample takes of each kind. */
const SAMPLE = 12;

/**
 * Cuts the power at every flash operation of two deploys, clean and inside every write, and boots what is left: it must
 * come up with a set that is all old or all new.
 *
 * One deploy changes code, config and launcher of a board that runs espx, the other takes over a board with a program of its own.
 */
export async function powercut({ sample, seed, note }: FigureOptions): Promise<readonly Row[]> {
  const { before, after } = await twoReleases();
  const random = generator(seed);
  const scenes: readonly Scene[] = [
    { name: "update", deploy: await recordDeploy(before, after), releases: { before, after } },
    { name: "take-over", deploy: await recordTakeover(after), releases: { before: null, after } },
  ];
  const rows: Row[] = [];
  for (const scene of scenes) {
    const { journal } = scene.deploy;
    rows.push(figure("powercut", `${scene.name}: flash operations`, journal.length, "operations"));
    for (const [kind, cuts] of Object.entries(allCuts(journal))) {
      const chosen = sample ? pick(cuts, SAMPLE, random) : cuts;
      rows.push(...summarize(`${scene.name}, ${kind} cuts`, await bootAll(scene, chosen, note)));
    }
  }
  return rows;
}

interface Scene {
  readonly name: string;
  readonly deploy: RecordedDeploy;
  readonly releases: Releases;
}

async function bootAll(scene: Scene, cuts: readonly Cut[], note: FigureOptions["note"]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const cut of cuts) {
    const outcome = await bootAfter(scene.deploy, cut, scene.releases);
    if (outcome.faults.length > 0) note(formatFault(outcome, scene));
    outcomes.push(outcome);
    if (outcomes.length % 50 === 0) note(`powercut, ${scene.name}: ${outcomes.length} of ${cuts.length}`);
  }
  return outcomes;
}

function summarize(kind: string, outcomes: readonly Outcome[]): readonly Row[] {
  const count = (set: Outcome["set"]): number => outcomes.filter((outcome) => outcome.set === set).length;
  return [
    figure("powercut", `${kind}: tried`, outcomes.length, "boots"),
    figure("powercut", `${kind}: came up old`, count("old"), "boots"),
    figure("powercut", `${kind}: came up new`, count("new"), "boots"),
    failures("powercut", `${kind}: failed`, outcomes.filter((outcome) => outcome.faults.length > 0).length),
  ];
}

/** Between any two operations, before the first and after the last; and after one and two thirds of every write. */
export function allCuts(journal: readonly FlashOperation[]): {
  readonly clean: readonly Cut[];
  readonly torn: readonly Cut[];
} {
  const clean = Array.from({ length: journal.length + 1 }, (_, upTo) => ({ upTo }));
  const torn = journal.flatMap((operation, upTo) => {
    if (operation.kind !== "write" || operation.bytes.length < 3) return [];
    const third = Math.floor(operation.bytes.length / 3);
    return [third, 2 * third].map((tornBytes) => ({ upTo, tornBytes }));
  });
  return { clean, torn };
}

function formatFault({ cut, faults }: Outcome, { name, deploy }: Scene): string {
  const next = deploy.journal[cut.upTo];
  const place = next === undefined ? "the end" : `${next.kind} ${"path" in next ? next.path : next.key}`;
  const torn = cut.tornBytes === undefined ? "before" : `${cut.tornBytes} bytes into`;
  return `powercut, ${name}: cut ${torn} operation ${cut.upTo} (${place}): ${faults.join("; ")}`;
}

/** `count` elements spread over the whole by chance, in order; the last is always among them. */
function pick<T>(all: readonly T[], count: number, random: () => number): readonly T[] {
  const step = all.length / count;
  if (step <= 1) return all;
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i + random()) * step));
  indices[count - 1] = all.length - 1;
  return indices.map((index) => all[index] as T);
}

/** The same numbers in 0..1 for the same seed. @source Numerical Recipes, linear congruential generator */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
