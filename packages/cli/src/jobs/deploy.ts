import type { SlotPlan } from "@espx/ota";
import type { Inventory, Release } from "@espx/proto";
import { UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import { applyPlan } from "./apply-plan.ts";
import { buildBeside } from "./build-beside.ts";
import type { Board } from "./board.ts";
import { checkConfigOnBoard } from "./board-config.ts";
import { checkIdentity } from "./check-identity.ts";
import { deployFlat } from "./deploy-flat.ts";
import { awaitOutcome } from "./deploy-outcome.ts";
import { differs, planWithConsent } from "./deploy-plan.ts";
import { type DeployResult, reportDeployed, reportInventory, reportLeftOut, reportPlan } from "./deploy-reports.ts";
import { findTarget, type DeployTarget, type TargetWish } from "./deploy-target.ts";
import { rememberPlace } from "./device-place.ts";
import type { BaudWish } from "./line-rates.ts";
import { withLocalFiles } from "./local-traceback.ts";
import { prepareDeploy, type PreparedDeploy } from "./prepare-deploy.ts";
import { askBoard, digestAtPrompt, isUnchanged, noteDeployed, type Said } from "./unchanged.ts";

/** What `deploy` was asked for. */
export interface DeployOptions extends TargetWish {
  readonly port: string | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly configFile: string | undefined;
  /** Compare only, and fail when the board differs. */
  readonly check: boolean;
  /** Look at every file, also when the board says that nothing has changed. */
  readonly full: boolean;
  /** Wait until the new set has proved itself. */
  readonly wait: boolean;
  /** Remove what is not in the set. */
  readonly prune: boolean;
  /** Start the program anew when its files have changed. */
  readonly restart: boolean;
  /** The rate of the line while files are sent. */
  readonly baud: BaudWish;
  /** The command line that deploys this, for hints. */
  readonly command: string;
}

/** Brings a profile or a folder onto a board, in the layout that it has. */
export async function deploy(ctx: Context, options: DeployOptions): Promise<DeployResult> {
  const target = await findTarget(ctx, options);
  return target.profile.manifest.layout === "flat"
    ? deployFlat(ctx, target, options)
    : deploySlots(ctx, target, options);
}

/** Builds, compares, sends into the idle slot, switches, and waits for the confirmation. */
async function deploySlots(ctx: Context, target: DeployTarget, options: DeployOptions): Promise<DeployResult> {
  const startMs = ctx.clock.now();
  checkSlotFlags(options);
  return buildBeside(ctx, {
    wish: { port: options.port, device: target.device, filter: options.filter },
    how: { afterwards: "restart", baud: options.baud },
    build: () => prepareDeploy(ctx, target, options.configFile),
    work: async (board, built) => {
      // A board that runs espx answers meanwhile.
      const asked = options.full ? null : askBoard(ctx, board, target.device);
      asked?.catch(() => {});
      const prepared = await built;
      reportLeftOut(ctx, target);
      const job: Job = { options, target, prepared, board, startMs };
      return (await leaveUnchanged(ctx, job, await asked)) ?? bringUpToDate(ctx, job);
    },
  });
}

export function checkSlotFlags({ prune, restart }: DeployOptions): void {
  const flag = prune ? "prune" : restart ? null : "no-restart";
  if (flag === null) return;
  throw new UsageError("cli/usage", `--${flag} is for layout flat`, {
    hint: prune
      ? "leave it off: a slot never holds anything but its set"
      : "leave it off: a new set starts with a reset",
  });
}

interface Job {
  readonly options: DeployOptions;
  readonly target: DeployTarget;
  readonly prepared: PreparedDeploy;
  readonly board: Board;
  readonly startMs: number;
}

/** Ends here for a board that says of itself that nothing has changed; its program runs on. */
async function leaveUnchanged(ctx: Context, job: Job, running: Said | null): Promise<DeployResult | null> {
  const { options, target, prepared, board, startMs } = job;
  if (running === null || !(await isUnchanged(ctx, running, prepared))) return null;
  const { id, release, slot } = running;
  ctx.out.emit({ kind: "running", data: { id, port: board.url, release, slot, state: running.state } });
  const summary = reportPlan(ctx, { id: release }, { steps: [], slot, upToDate: true, sendBytes: 0 });
  if (options.check || ctx.flags.dryRun) return summary;
  await rememberPlace(ctx, id, board.url);
  return reportDeployed(ctx, target, { ...running, state: "unchanged", port: board.url, sentBytes: 0, startMs });
}

async function bringUpToDate(ctx: Context, job: Job): Promise<DeployResult> {
  const { options, target, prepared, board, startMs } = job;
  const { inventory, release, plan } = await compare(ctx, job);
  const seen = { id: inventory.id, url: board.url };
  const summary = reportPlan(ctx, release, plan);
  if (plan.upToDate) {
    const digest = await digestAtPrompt(ctx, board, inventory);
    await noteDeployed(ctx, { ...seen, digest }, prepared);
  }
  if (options.check && !plan.upToDate) throw differs(release, plan, options.command);
  if (options.check || ctx.flags.dryRun) return summary;
  await applyPlan(ctx, board, plan);
  await rememberPlace(ctx, inventory.id, board.url);
  const onTrial = !plan.upToDate || inventory.record?.state === "trial";
  const outcomeInput = { board, plan, release, onTrial, wait: options.wait, startMs };
  const outcome = await withLocalFiles(prepared.localFiles, () => awaitOutcome(ctx, outcomeInput));
  if (outcome.state === "confirmed") await noteDeployed(ctx, { ...outcome, ...seen }, prepared);
  return reportDeployed(ctx, target, { ...outcome, port: board.url, sentBytes: plan.sendBytes, startMs });
}

interface Compared {
  readonly inventory: Inventory;
  readonly release: Release;
  readonly plan: SlotPlan;
}

async function compare(ctx: Context, { options, prepared, board }: Job): Promise<Compared> {
  const inventory = await board.inventory();
  reportInventory(ctx, inventory, board.url);
  checkIdentity(prepared.device, inventory.id, board.url);
  const release = prepared.releaseFor(inventory);
  if (release.config === null) await checkConfigOnBoard(ctx, { board, inventory, profile: prepared.profile });
  const mayAsk = !options.check && !ctx.flags.dryRun;
  const plan = await planWithConsent(ctx, { release, inventory, profile: prepared.profile, mayAsk });
  return { inventory, release, plan };
}
