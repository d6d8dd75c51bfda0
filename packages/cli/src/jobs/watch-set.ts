import { afterSteps, plan as planRelease, planFlat, type Policy } from "@espx/ota";
import type { Inventory, Plan, Step } from "@espx/proto";
import { dirname, join, resolve } from "node:path";
import type { Context } from "../context.ts";
import { requirementsOf } from "../project/requirements.ts";
import { buildFlat } from "../release/build.ts";
import type { Board } from "./board.ts";
import { checkConfigOnBoard } from "./board-config.ts";
import { agreedPlan } from "./deploy-flat.ts";
import type { DeployOptions } from "./deploy.ts";
import { planWithConsent } from "./deploy-plan.ts";
import { findTarget, type DeployTarget } from "./deploy-target.ts";
import { prepareDeploy } from "./prepare-deploy.ts";

/** What lies here, built: how it comes onto a board whose content is known. */
export interface WatchedSet {
  readonly target: DeployTarget;
  readonly localFiles: ReadonlyMap<string, string>;
  idOn(inventory: Inventory): string;
  /** The first time, with questions where something would be lost. */
  firstPlan(board: Board, inventory: Inventory): Promise<Plan>;
  /** Every other time; `gone` are files of the set before that are no longer in this one. */
  nextPlan(inventory: Inventory, before: WatchedSet): Plan;
  /** Absolute paths of a flat set; none of one in slots, which holds nothing else. */
  readonly flatPaths: readonly string[];
}

/** Work at the desk: no trial, and over the set that is being worked on. */
const desk = { state: "dev", inPlace: true } as const satisfies Partial<Policy>;

/**
 * Reads and builds everything anew.
 *
 * @throws whatever is wrong with the files, before a board is touched
 */
export async function buildWatched(ctx: Context, options: DeployOptions): Promise<WatchedSet> {
  const target = await findTarget(ctx, options);
  return target.profile.manifest.layout === "flat"
    ? flatSet(ctx, target, options)
    : slotSet(ctx, target, options.configFile);
}

/** Files and folders that decide what is built. */
export function watchedPaths(
  { cwd }: Context,
  { project, profile, contents }: DeployTarget,
  configFile: string | undefined,
): readonly string[] {
  const { manifestPath, profileFolder } = profile.place;
  const around = project === null ? [] : [join(project.folder, "espx.yaml"), join(project.folder, "espx.secrets.yaml")];
  const config = configFile === undefined ? [] : [resolve(cwd, configFile)];
  const shared = contents === null ? [manifestPath, ...sharedSources(profile.manifest.files, profileFolder)] : [];
  return [profileFolder, ...shared, ...around, ...config];
}

/** Sources that a manifest takes from outside the profile's own folder. */
function sharedSources(files: DeployTarget["profile"]["manifest"]["files"], folder: string): readonly string[] {
  const from = files.map((entry) => join(folder, typeof entry === "string" ? entry : entry.from));
  return from.filter((path) => !path.startsWith(join(folder, "/")) && dirname(path) !== folder);
}

async function slotSet(ctx: Context, target: DeployTarget, configFile: string | undefined): Promise<WatchedSet> {
  const prepared = await prepareDeploy(ctx, target, configFile);
  const { profile } = target;
  const requires = requirementsOf(profile);
  return {
    target,
    localFiles: prepared.localFiles,
    flatPaths: [],
    idOn: (inventory) => prepared.releaseFor(inventory).id,
    async firstPlan(board, inventory) {
      const release = prepared.releaseFor(inventory);
      if (release.config === null) await checkConfigOnBoard(ctx, { board, inventory, profile });
      return planWithConsent(ctx, { release, inventory, profile, mayAsk: true, wish: desk });
    },
    nextPlan(inventory) {
      const policy: Policy = { ...desk, replaceForeign: true, requires };
      const decision = planRelease(prepared.releaseFor(inventory), inventory, policy);
      if ("refusal" in decision) throw decision.refusal;
      return decision.plan;
    },
  };
}

async function flatSet(ctx: Context, target: DeployTarget, { prune }: DeployOptions): Promise<WatchedSet> {
  const { release, localFiles } = await buildFlat(ctx, target.profile);
  const flatPaths = release.files.map((file) => file.path);
  return {
    target,
    localFiles,
    flatPaths,
    idOn: () => release.id,
    firstPlan: (_, inventory) => agreedPlan(ctx, { target, release, inventory, prune, mayAsk: true }),
    nextPlan(inventory, before) {
      const decision = planFlat(release, inventory, { prune: false, protect: [], replaceSlots: true });
      if ("refusal" in decision) throw decision.refusal;
      const { plan } = decision;
      const there = new Set(afterSteps(inventory, plan.steps).files.map((file) => file.path));
      const gone = before.flatPaths.filter((path) => !flatPaths.includes(path) && there.has(path));
      const steps = [...plan.steps, ...gone.map((path): Step => ({ kind: "remove", path }))];
      return { ...plan, steps, upToDate: steps.length === 0 };
    },
  };
}
