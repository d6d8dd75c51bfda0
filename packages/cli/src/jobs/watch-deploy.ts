import { afterSteps } from "@espx/ota";
import { ConfigError, isEspxError, type EspxError, type Inventory, type Plan, UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import { applyPlan } from "./apply-plan.ts";
import { withBoard, type Board } from "./board.ts";
import { checkIdentity } from "./check-identity.ts";
import { choosePort } from "./choose-port.ts";
import { checkFlatFlags } from "./deploy-flat.ts";
import { reportInventory, reportPlan } from "./deploy-reports.ts";
import { checkSlotFlags, type DeployOptions } from "./deploy.ts";
import { rememberPlace } from "./device-place.ts";
import { showConsole } from "./watch-console.ts";
import { type Snapshot, takeSnapshot, untilChange, type Watched } from "./watch-files.ts";
import { buildWatched, type WatchedSet, watchedPaths } from "./watch-set.ts";

const LOOK_AGAIN_MS = 1_000;

/**
 * Brings a profile or a folder onto a board as work at the desk, and again after every save, until the run is called off.
 *
 * The port that gets lost is waited for. What the program prints is shown.
 * @throws CanceledError when called off, which is how it ends; whatever is wrong before the first set is on the board
 */
export async function watchDeploy(ctx: Context, options: DeployOptions): Promise<never> {
  if (options.check || ctx.flags.dryRun) {
    throw new UsageError("cli/usage", "--watch goes on changing the board, --check and --dry-run change nothing", {
      hint: "leave one of them off",
    });
  }
  const first = await buildWatched(ctx, options);
  const flat = first.target.profile.manifest.layout === "flat";
  if (flat) checkFlatFlags(options);
  else checkSlotFlags(options);
  const watched: Watched = { paths: watchedPaths(ctx, first.target, options.configFile) };
  const url = await choosePort(ctx, { port: options.port, device: first.target.device, filter: options.filter });
  const desk: Desk = { ctx, options, watched, url, set: first, seen: await takeSnapshot(watched), begun: false };
  for (;;) {
    try {
      await withBoard(ctx, { url, afterwards: "soft-restart", baud: options.baud }, (board) => work(desk, board));
    } catch (error) {
      if (!desk.begun || !mayReturn(error)) throw error;
      const text = `${(error as Error).message}; waiting for the board`;
      if (!desk.waiting) ctx.out.emit({ kind: "log", data: { level: "warning", text } });
      desk.waiting = true;
      await ctx.clock.sleep(LOOK_AGAIN_MS, ctx.signal);
    }
  }
}

interface Desk {
  readonly ctx: Context;
  readonly options: DeployOptions;
  readonly watched: Watched;
  readonly url: string;
  /** What was last built without a fault. */
  set: WatchedSet;
  seen: Snapshot;
  /** Whether a board has had a set. */
  begun: boolean;
  waiting?: boolean;
}

/** A board that was unplugged or is busy may come back; everything else is told. */
const mayReturn = (error: unknown): boolean =>
  isEspxError(error) && ["LinkError", "BusyError", "NotFoundError"].includes(error.name);

/** One connection: the set that is here now, then every change. */
async function work(desk: Desk, board: Board): Promise<never> {
  let inventory = await begin(desk, board);
  for (;;) {
    await nextChange(desk, board);
    inventory = await takeOver(desk, board, inventory);
  }
}

async function begin(desk: Desk, board: Board): Promise<Inventory> {
  const { ctx, url, set } = desk;
  const inventory = await board.inventory();
  reportInventory(ctx, inventory, url);
  checkIdentity(set.target.device, inventory.id, url);
  const plan = desk.begun ? set.nextPlan(inventory, set) : await set.firstPlan(board, inventory);
  reportPlan(ctx, { id: set.idOn(inventory) }, plan);
  await applyPlan(ctx, board, plan);
  if (!plan.steps.some((step) => step.kind === "reset")) await board.transport.restart(ctx.signal);
  await rememberPlace(ctx, inventory.id, url);
  desk.begun = true;
  desk.waiting = false;
  const release = set.idOn(inventory);
  ctx.out.emit({ kind: "watching", data: { port: url, release, slot: plan.slot, files: desk.seen.size } });
  return afterSteps(inventory, plan.steps);
}

/** Shows what the program prints until something was saved that can be built. */
async function nextChange(desk: Desk, board: Board): Promise<void> {
  const { ctx } = desk;
  const shown = showConsole(ctx, board, desk.set.localFiles);
  try {
    desk.seen = await Promise.race([untilChange(ctx, desk.watched, desk.seen), shown.lost]);
  } finally {
    shown.close();
  }
}

/** Brings what was saved onto the board; what cannot go there is said, and the board runs on. */
async function takeOver(desk: Desk, board: Board, inventory: Inventory): Promise<Inventory> {
  const { ctx, options, url } = desk;
  const startMs = ctx.clock.now();
  let set: WatchedSet;
  let plan: Plan;
  try {
    set = await buildWatched(quiet(ctx), options);
    plan = set.nextPlan(inventory, desk.set);
  } catch (error) {
    if (!isEspxError(error) || ctx.signal.aborted) throw error;
    reject(ctx, error);
    return inventory;
  }
  desk.set = set;
  if (plan.upToDate) return inventory;
  const steps = plan.steps.filter((step) => step.kind !== "reset");
  // The room was counted by the plan, and the board's files are known: there is nothing to begin with.
  board.transport.announce(plan.sendBytes);
  await Promise.all(steps.map((step) => board.transport.apply(step, { signal: ctx.signal })));
  await board.transport.restart(ctx.signal);
  const paths = steps.flatMap((step) => ("path" in step ? [step.path] : []));
  const durationMs = Math.round(ctx.clock.now() - startMs);
  const release = set.idOn(inventory);
  ctx.out.emit({ kind: "saved", data: { port: url, release, paths, sentBytes: plan.sendBytes, durationMs } });
  return afterSteps(inventory, steps);
}

function reject(ctx: Context, error: EspxError): void {
  const { file = null, line = null, column = null } = error instanceof ConfigError ? error.position : {};
  const excerpt = typeof error.details["excerpt"] === "string" ? error.details["excerpt"] : null;
  const { message, hint = null } = error;
  ctx.out.emit({
    kind: "rejected",
    code: error.code,
    data: { class: error.name, message, hint, file, line, column, excerpt },
  });
}

/** Every save would say again what was built of what. */
function quiet(ctx: Context): Context {
  const emit: Context["out"]["emit"] = (event) => {
    if (event.kind !== "release" && event.kind !== "log") ctx.out.emit(event);
  };
  return { ...ctx, out: { ...ctx.out, emit } };
}
