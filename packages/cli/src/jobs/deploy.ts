import type { SlotPlan } from "@espx/ota";
import type { Inventory, Release } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import type { DeviceEntry } from "../project/project.ts";
import { rememberedPorts } from "../project/remembered.ts";
import { applyPlan } from "./apply-plan.ts";
import { withBoard, type Board } from "./board.ts";
import { checkConfigOnBoard } from "./board-config.ts";
import { checkIdentity } from "./check-identity.ts";
import { choosePort } from "./choose-port.ts";
import { awaitOutcome, type Outcome } from "./deploy-outcome.ts";
import { differs, planWithConsent, reportPlan } from "./deploy-plan.ts";
import { withLocalFiles } from "./local-traceback.ts";
import { prepareDeploy, type PreparedDeploy } from "./prepare-deploy.ts";
import { askUnchanged, digestAtPrompt, noteDeployed } from "./unchanged.ts";

/** What `deploy` was asked for. */
export interface DeployOptions {
  readonly profile: string;
  readonly port: string | undefined;
  readonly device: string | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly configFile: string | undefined;
  /** Compare only, and fail when the board differs. */
  readonly check: boolean;
  /** Wait until the new set has proved itself. */
  readonly wait: boolean;
}

type Result = EventData<"deployed"> | EventData<"plan">;

/** Brings a profile onto a board: build, compare, send into the idle slot, switch, wait for the confirmation. */
export async function deploy(ctx: Context, options: DeployOptions): Promise<Result> {
  const startMs = ctx.clock.now();
  const prepared = await prepareDeploy(ctx, options);
  const url = await choosePort(ctx, { port: options.port, device: prepared.device, filter: options.filter });
  return withBoard(ctx, { url, afterwards: "restart" }, async (board) => {
    const job: Job = { options, prepared, board, startMs };
    return (await leaveUnchanged(ctx, job)) ?? bringUpToDate(ctx, job);
  });
}

interface Job {
  readonly options: DeployOptions;
  readonly prepared: PreparedDeploy;
  readonly board: Board;
  readonly startMs: number;
}

/** Ends here for a board that says of itself that nothing has changed; its program runs on. */
async function leaveUnchanged(ctx: Context, job: Job): Promise<Result | null> {
  const { options, prepared, board } = job;
  const running = await askUnchanged(ctx, board, prepared);
  if (running === null) return null;
  const { id, release, slot } = running;
  ctx.out.emit({ kind: "running", data: { id, port: board.url, release, slot, state: running.state } });
  const summary = reportPlan(ctx, { id: release }, { steps: [], slot, upToDate: true, sendBytes: 0 });
  if (options.check || ctx.flags.dryRun) return summary;
  await rememberedPorts(ctx.env).remember(id, board.url);
  return reportDeployed(ctx, job, { outcome: { ...running, state: "unchanged" }, sentBytes: 0 });
}

async function bringUpToDate(ctx: Context, job: Job): Promise<Result> {
  const { options, prepared, board, startMs } = job;
  const { inventory, release, plan } = await compare(ctx, job);
  const summary = reportPlan(ctx, release, plan);
  if (plan.upToDate) {
    const digest = await digestAtPrompt(ctx, board, inventory);
    await noteDeployed(ctx, { id: inventory.id, url: board.url, digest }, prepared);
  }
  if (options.check && !plan.upToDate) throw differs(release, plan, commandOf(options));
  if (options.check || ctx.flags.dryRun) return summary;
  await applyPlan(ctx, board, plan);
  await rememberedPorts(ctx.env).remember(inventory.id, board.url);
  const onTrial = !plan.upToDate || inventory.record?.state === "trial";
  const outcomeInput = { board, plan, release, onTrial, wait: options.wait, startMs };
  const outcome = await withLocalFiles(prepared.localFiles, () => awaitOutcome(ctx, outcomeInput));
  if (outcome.state === "confirmed")
    await noteDeployed(ctx, { ...outcome, id: inventory.id, url: board.url }, prepared);
  return reportDeployed(ctx, job, { outcome, sentBytes: plan.sendBytes });
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

function reportInventory(ctx: Context, inventory: Inventory, port: string): void {
  const { id, board, version, record, files, freeBytes } = inventory;
  const running = { slot: record?.slot ?? null, state: record?.state ?? null };
  ctx.out.emit({
    kind: "inventory",
    data: { id, board, version: version.join("."), port, ...running, files: files.length, freeBytes },
  });
}

interface Done {
  readonly outcome: Outcome;
  readonly sentBytes: number;
}

function reportDeployed(
  ctx: Context,
  { prepared, board, startMs }: Job,
  { outcome, sentBytes }: Done,
): EventData<"deployed"> {
  const { release, slot, state, waitingFor } = outcome;
  const durationMs = Math.round(ctx.clock.now() - startMs);
  const data = { release, slot, state, waitingFor: [...waitingFor], port: board.url, sentBytes, durationMs };
  ctx.out.emit({ kind: "deployed", ...deviceName(prepared.device), data });
  return data;
}

function deviceName(device: DeviceEntry | null): { readonly device?: string } {
  return device === null ? {} : { device: device.name };
}

function commandOf({ profile, device, port, configFile }: DeployOptions): string {
  const words = Object.entries({ device, port, config: configFile }).map(([flag, value]) =>
    value === undefined ? "" : ` --${flag} ${/\s/.test(value) ? `"${value}"` : value}`,
  );
  return `espx deploy ${profile}${words.join("")}`;
}
