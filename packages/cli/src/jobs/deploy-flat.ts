import { type FlatPlan, type FlatPolicy, type FlatRelease, planFlat } from "@espx/ota";
import { type Inventory, RefusedError, UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import { requirementsOf } from "../project/requirements.ts";
import { buildFlat } from "../release/build.ts";
import { applyPlan } from "./apply-plan.ts";
import { confirm } from "./ask.ts";
import type { Board } from "./board.ts";
import { buildBeside } from "./build-beside.ts";
import { checkIdentity } from "./check-identity.ts";
import type { DeployOptions } from "./deploy.ts";
import { differs } from "./deploy-plan.ts";
import {
  type DeployResult,
  reportDeployed,
  reportInventory,
  reportLeftOut,
  reportPlan,
  reportRelease,
} from "./deploy-reports.ts";
import type { DeployTarget } from "./deploy-target.ts";
import { rememberPlace } from "./device-place.ts";
import { withLocalFiles } from "./local-traceback.ts";

/** Puts files where they are to be on a board, each replaced by itself, and starts the program anew. */
export async function deployFlat(ctx: Context, target: DeployTarget, options: DeployOptions): Promise<DeployResult> {
  const startMs = ctx.clock.now();
  checkFlatFlags(options);
  return buildBeside(ctx, {
    wish: { port: options.port, device: target.device, filter: options.filter },
    how: { afterwards: options.restart ? "soft-restart" : "leave-stopped", baud: options.baud },
    build: () => buildFlat(ctx, target.profile),
    work: async (board, building) => {
      const built = await building;
      reportRelease(ctx, built, built.release.files);
      reportLeftOut(ctx, target);
      return bringFlat(ctx, { target, options, built, board, startMs });
    },
  });
}

interface FlatJob {
  readonly target: DeployTarget;
  readonly options: DeployOptions;
  readonly built: Awaited<ReturnType<typeof buildFlat>>;
  readonly board: Board;
  readonly startMs: number;
}

/** Compares, and brings what differs. */
async function bringFlat(ctx: Context, { target, options, built, board, startMs }: FlatJob): Promise<DeployResult> {
  const { release, localFiles } = built;
  const { url } = board;
  const inventory = await board.inventory();
  reportInventory(ctx, inventory, url);
  if (board.isStopped()) reportStopped(ctx, options.restart);
  checkIdentity(target.device, inventory.id, url);
  const mayAsk = !options.check && !ctx.flags.dryRun;
  const plan = await agreedPlan(ctx, { target, release, inventory, prune: options.prune, mayAsk });
  const summary = reportPlan(ctx, release, plan);
  if (options.check && !plan.upToDate) throw differs(release, plan, options.command);
  if (!mayAsk) return summary;
  await withLocalFiles(localFiles, () => bringFiles(ctx, board, { plan, restart: options.restart }));
  await rememberPlace(ctx, inventory.id, url);
  const state = plan.upToDate ? "unchanged" : "placed";
  const ending = { release: release.id, slot: null, state, waitingFor: [], port: url, startMs } as const;
  return reportDeployed(ctx, target, { ...ending, sentBytes: plan.sendBytes });
}

export function checkFlatFlags({ configFile }: DeployOptions): void {
  if (configFile === undefined) return;
  throw new UsageError("cli/usage", "--config is for layout slots: files of layout flat have no config", {
    hint: "put the file into the folder, or say --layout slots",
  });
}

/** A program that is not espx's cannot be asked what it is made of. */
function reportStopped(ctx: Context, restart: boolean): void {
  const then = restart ? "it starts anew at the end" : "--no-restart leaves it so";
  ctx.out.emit({ kind: "log", data: { level: "info", text: `the program on the board was stopped; ${then}` } });
}

interface PlanInput {
  readonly target: DeployTarget;
  readonly release: FlatRelease;
  readonly inventory: Inventory;
  readonly prune: boolean;
  readonly mayAsk: boolean;
}

/** Plans; what would be lost is listed and asked for first. */
export async function agreedPlan(
  ctx: Context,
  { target, release, inventory, prune, mayAsk }: PlanInput,
): Promise<FlatPlan> {
  const { manifest } = target.profile;
  const policy: FlatPolicy = {
    prune,
    protect: manifest.keep,
    isProtected: (path) => target.contents?.rules.covers(path) === true,
    replaceSlots: ctx.flags.yes || !mayAsk,
    requires: requirementsOf(target.profile),
  };
  const agreed = await withoutSlots(ctx, { release, inventory, policy });
  if (prune && mayAsk && agreed.stale.length > 0) await agreeToPrune(ctx, agreed.stale);
  return agreed;
}

interface SlotsInput {
  readonly release: FlatRelease;
  readonly inventory: Inventory;
  readonly policy: FlatPolicy;
}

async function withoutSlots(ctx: Context, { release, inventory, policy }: SlotsInput): Promise<FlatPlan> {
  const decision = planFlat(release, inventory, policy);
  if ("plan" in decision) return decision.plan;
  const { refusal } = decision;
  if (refusal.code !== "deploy/slots-in-use") throw refusal;
  if (!(await confirm(ctx, `${refusal.message}. Go on?`))) throw refusal;
  const again = planFlat(release, inventory, { ...policy, replaceSlots: true });
  if ("refusal" in again) throw again.refusal;
  return again.plan;
}

async function agreeToPrune(ctx: Context, stale: readonly string[]): Promise<void> {
  const text = ["not in the set, to be removed from the board:", ...stale.map((path) => `  ${path}`)].join("\n");
  ctx.out.emit({ kind: "log", data: { level: "info", text } });
  const many = stale.length === 1 ? "this file" : `these ${stale.length} files`;
  if (await confirm(ctx, `Remove ${many} from the board?`)) return;
  throw new RefusedError("cli/declined", `${many} would have been removed, and the answer was no`, {
    hint: "--keep PATTERN leaves files alone; without --prune nothing is removed",
    details: { paths: stale },
  });
}

interface Bring {
  readonly plan: FlatPlan;
  readonly restart: boolean;
}

async function bringFiles(ctx: Context, board: Board, { plan, restart }: Bring): Promise<void> {
  await applyPlan(ctx, board, plan);
  if (restart && !plan.upToDate) await board.transport.restart(ctx.signal);
}
