import { mkdir, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { NotFoundError, PartialError, VerifyError, type EspxError } from "@espx/proto";
import type { Context } from "../context.ts";
import { errorIn } from "../project/source.ts";
import { listProfiles, loadProject, projectSecrets, type Project } from "../project/project.ts";
import { loadProfile, requireSlots, type Profile } from "../project/profile.ts";
import { buildProfile } from "../release/build.ts";
import { findScenarios } from "../scenario/find-scenarios.ts";
import type { Kit } from "../scenario/install.ts";
import { formatJUnit } from "../scenario/junit.ts";
import { readScenarios, type Runnable } from "../scenario/runnable.ts";
import { runScenario, type Outcome } from "../scenario/run-scenario.ts";

/** Which scenarios to run, and how. */
export interface TestOptions {
  /** Empty: every profile of the project; without a project, every profile that espx ships. */
  readonly profiles: readonly string[];
  /** Part of `profile/scenario`; undefined runs all. */
  readonly filter: string | undefined;
  readonly seed: number;
  readonly junitFile: string | undefined;
}

/** How many scenarios ran, and how they ended. */
export interface TestSummary {
  readonly scenarios: number;
  readonly failed: number;
  readonly seed: number;
}

interface Suite {
  readonly profile: Profile;
  readonly runnables: readonly Runnable[];
}

/**
 * Runs the scenarios of profiles, each on a fresh virtual board in virtual time.
 *
 * @throws NotFoundError `cli/no-scenario`
 * @throws PartialError `cli/tests-failed` when some failed; when all failed alike, their own error
 */
export async function test(ctx: Context, options: TestOptions): Promise<TestSummary> {
  const project = await loadProject(ctx);
  const bench = await ctx.outside.testBench();
  const suites = await readSuites(ctx, { project, options, tools: bench });
  const secrets = await projectSecrets(ctx, project);
  const outcomes: Outcome[] = [];
  for (const { profile, runnables } of suites) {
    const { release, compiled, fromCache } = await buildProfile(ctx, profile, null);
    const files = release.files.length + release.launcher.length;
    const sizeBytes = [...release.files, ...release.launcher].reduce((sum, file) => sum + file.sizeBytes, 0);
    ctx.out.emit({ kind: "release", data: { release: release.id, files, sizeBytes, compiled, fromCache } });
    const kit: Kit = { profile, release, secrets, bench, seed: options.seed };
    for (const runnable of runnables) {
      const outcome = await runScenario(ctx, kit, runnable);
      ctx.out.emit({ kind: "scenario", data: outcome.data });
      outcomes.push(outcome);
    }
  }
  if (options.junitFile !== undefined) await writeJUnit(ctx, options.junitFile, outcomes);
  return conclude(ctx, outcomes, options);
}

interface ReadSuites {
  readonly project: Project | null;
  readonly options: TestOptions;
  readonly tools: Kit["bench"];
}

/** Everything is read before anything runs, so that a mistake in the last file does not wait for the first. */
async function readSuites(ctx: Context, { project, options, tools }: ReadSuites): Promise<readonly Suite[]> {
  const { filter } = options;
  const names = options.profiles.length > 0 ? options.profiles : await listProfiles(project);
  const suites: Suite[] = [];
  for (const name of new Set(names)) {
    const profile = await loadProfile(ctx, project, name);
    requireSlots(profile, "espx test");
    const files = await findScenarios(profile.place.profileFolder);
    if (files.length === 0 && options.profiles.length > 0) throw noScenario(`${name} has no scenarios`, name);
    // One after the other: of several mistakes the first is told.
    const all = [];
    for (const file of files) all.push(...(await readScenarios(ctx, file, tools)));
    const runnables = all.filter((one) => filter === undefined || `${name}/${one.name}`.includes(filter));
    if (runnables.length > 0) suites.push({ profile, runnables });
  }
  if (suites.length > 0) return suites;
  const what = filter === undefined ? "no profile here has scenarios" : `no scenario has "${filter}" in its name`;
  throw noScenario(what, names[0] ?? "NAME");
}

function noScenario(message: string, profile: string): NotFoundError {
  return new NotFoundError("cli/no-scenario", message, {
    hint: `scenarios are files such as profiles/${profile}/tests/first.scenario, with lines such as "start" and "expect online within 1 min"`,
  });
}

async function writeJUnit(ctx: Context, file: string, outcomes: readonly Outcome[]): Promise<void> {
  const path = isAbsolute(file) ? file : join(ctx.cwd, file);
  const text = ctx.redactor.text(formatJUnit(outcomes.map(({ data }) => data)));
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (cause) {
    throw errorIn(file, {
      code: "cli/report-unwritten",
      message: `cannot write ${file}`,
      cause,
      hint: "check the name after --junit",
    });
  }
}

/** Scenarios are to a run what devices are to a roll-out: all failed alike is their own code, some is 9. */
function conclude(ctx: Context, outcomes: readonly Outcome[], { seed }: TestOptions): TestSummary {
  const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const summary: TestSummary = { scenarios: outcomes.length, failed: errors.length, seed };
  const [first] = errors;
  const text = `${outcomes.length - errors.length} of ${outcomes.length} passed`;
  if (first === undefined) {
    ctx.out.emit({ kind: "log", data: { level: "info", text } });
    return summary;
  }
  const alike = errors.length === outcomes.length && errors.every(({ exitCode }) => exitCode === first.exitCode);
  if (!alike) throw new PartialError("cli/tests-failed", text, { hint: HINT, details: { ...summary } });
  throw ownError(first, text, summary);
}

const HINT = "what failed is shown above; --verbose shows whole consoles, --filter NAME runs one alone";

/** A mistake of ours keeps its stack, and a wrong file its place. */
function ownError(first: EspxError, text: string, summary: TestSummary): EspxError {
  if (first.code !== "cli/expectation-failed") return first;
  return new VerifyError("cli/expectation-failed", text, { hint: HINT, details: { ...summary } });
}
