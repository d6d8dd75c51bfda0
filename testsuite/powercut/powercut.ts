import type { FlashOperation } from "@espx/proto";
import { failures, figure } from "../figures/row.ts";
import type { FigureOptions, Row } from "../figures/row.ts";
import { bootAfter } from "./boot-cut.ts";
import type { Cut, Outcome } from "./boot-cut.ts";
import { recordDeploy } from "./record-deploy.ts";
import { twoReleases } from "./releases.ts";

/** Cuts that a sample takes of each kind. */
const SAMPLE = 12;

/**
 * Cuts the power at every flash operation of a deploy that changes code, config and launcher, clean and inside every
 * write, and boots what is left: it must come up with a set that is all old or all new.
 */
export async function powercut({ sample, seed, note }: FigureOptions): Promise<readonly Row[]> {
  const releases = await twoReleases();
  const deploy = await recordDeploy(releases.before, releases.after);
  const { clean, torn } = allCuts(deploy.journal);
  const random = generator(seed);
  const rows: Row[] = [figure("powercut", "flash operations of the deploy", deploy.journal.length, "operations")];
  for (const [kind, cuts] of [
    ["clean", clean],
    ["torn", torn],
  ] as const) {
    const chosen = sample ? pick(cuts, SAMPLE, random) : cuts;
    const outcomes: Outcome[] = [];
    for (const cut of chosen) {
      const outcome = await bootAfter(deploy, cut, releases);
      if (outcome.faults.length > 0) note(formatFault(outcome, deploy.journal));
      outcomes.push(outcome);
      if (outcomes.length % 50 === 0) note(`powercut, ${kind}: ${outcomes.length} of ${chosen.length}`);
    }
    rows.push(...summarize(kind, outcomes));
  }
  return rows;
}

function summarize(kind: string, outcomes: readonly Outcome[]): readonly Row[] {
  const count = (set: Outcome["set"]): number => outcomes.filter((outcome) => outcome.set === set).length;
  return [
    figure("powercut", `${kind} cuts tried`, outcomes.length, "boots"),
    figure("powercut", `${kind} cuts that came up with the old set`, count("old"), "boots"),
    figure("powercut", `${kind} cuts that came up with the new set`, count("new"), "boots"),
    failures("powercut", `${kind} cuts that failed`, outcomes.filter((outcome) => outcome.faults.length > 0).length),
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

function formatFault({ cut, faults }: Outcome, journal: readonly FlashOperation[]): string {
  const next = journal[cut.upTo];
  const place = next === undefined ? "the end" : `${next.kind} ${"path" in next ? next.path : next.key}`;
  const torn = cut.tornBytes === undefined ? "before" : `${cut.tornBytes} bytes into`;
  return `powercut: cut ${torn} operation ${cut.upTo} (${place}): ${faults.join("; ")}`;
}

/** `count` elements spread over the whole by chance, in order. */
function pick<T>(all: readonly T[], count: number, random: () => number): readonly T[] {
  const step = all.length / count;
  if (step <= 1) return all;
  return Array.from({ length: count }, (_, i) => all[Math.floor((i + random()) * step)] as T);
}

/** The same numbers in 0..1 for the same seed. @source Numerical Recipes, linear congruential generator */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
