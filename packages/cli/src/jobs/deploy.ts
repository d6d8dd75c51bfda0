import { plan as planRelease, type Policy } from "@espx/ota";
import { VerifyError } from "@espx/proto";
import type { Inventory, Plan, Release } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import type { DeviceEntry } from "../project/project.ts";
import type { Profile } from "../project/profile.ts";
import { requiredChips } from "../project/required-chips.ts";
import { rememberedPorts } from "../project/remembered.ts";
import { confirm } from "./ask.ts";
import { withBoard, type Board } from "./board.ts";
import { checkConfigOnBoard } from "./board-config.ts";
import { checkIdentity } from "./check-identity.ts";
import { choosePort } from "./choose-port.ts";
import { withLocalFiles } from "./local-traceback.ts";
import { prepareDeploy } from "./prepare-deploy.ts";

/** What `deploy` was asked for. */
export interface DeployOptions {
  readonly profile: string;
  readonly port: string | undefined;
  readonly device: string | undefined;
  readonly configFile: string | undefined;
  /** Compare only, and fail when the board differs. */
  readonly check: boolean;
  /** Wait until the new set has proved itself. */
  readonly wait: boolean;
}

/** How long a set may take to prove itself: ten seconds of running, the network, the broker, and some patience. */
const CONFIRM_TIMEOUT_MS = 120_000;

/** Brings a profile onto a board: build, compare, send into the idle slot, switch, wait for the confirmation. */
export async function deploy(ctx: Context, options: DeployOptions): Promise<EventData<"deployed"> | EventData<"plan">> {
  const startMs = ctx.clock.now();
  const prepared = await prepareDeploy(ctx, options);
  const url = await choosePort(ctx, { port: options.port, device: prepared.device });
  return withBoard(ctx, { url, afterwards: "restart" }, async (board) => {
    const inventory = await board.inventory();
    reportInventory(ctx, inventory, url);
    checkIdentity(prepared.device, inventory.id, url);
    const release = prepared.releaseFor(inventory);
    if (release.config === null) await checkConfigOnBoard(ctx, { board, inventory, profile: prepared.profile });
    const plan = await planWithConsent(ctx, {
      release,
      inventory,
      profile: prepared.profile,
      mayAsk: !options.check && !ctx.flags.dryRun,
    });
    const summary = reportPlan(ctx, release, plan);
    if (options.check && !plan.upToDate) throw differs(release, plan, options);
    if (options.check || ctx.flags.dryRun) return summary;
    await applyPlan(ctx, board, plan);
    await rememberedPorts(ctx.env).remember(inventory.id, url);
    const onTrial = !plan.upToDate || inventory.record?.state === "trial";
    const outcomeInput = { board, plan, release, onTrial, wait: options.wait, startMs };
    const { waitingFor, ...state } = await withLocalFiles(prepared.localFiles, () => outcome(ctx, outcomeInput));
    const durationMs = Math.round(ctx.clock.now() - startMs);
    const data = { ...state, waitingFor: [...waitingFor], port: url, sentBytes: plan.sendBytes, durationMs };
    ctx.out.emit({ kind: "deployed", ...deviceName(prepared.device), data });
    return data;
  });
}

function deviceName(device: DeviceEntry | null): { readonly device?: string } {
  return device === null ? {} : { device: device.name };
}

function reportInventory(ctx: Context, inventory: Inventory, port: string): void {
  const { id, board, version, record, files, freeBytes } = inventory;
  const running = { slot: record?.slot ?? null, state: record?.state ?? null };
  ctx.out.emit({
    kind: "inventory",
    data: { id, board, version: version.join("."), port, ...running, files: files.length, freeBytes },
  });
}

interface PlanInput {
  readonly release: Release;
  readonly inventory: Inventory;
  readonly profile: Profile;
  readonly mayAsk: boolean;
}

/** Plans; where a foreign program stands in the way, asks whether it may be replaced. */
async function planWithConsent(ctx: Context, { release, inventory, profile, mayAsk }: PlanInput): Promise<Plan> {
  const policy: Policy = {
    replaceForeign: ctx.flags.yes || !mayAsk,
    state: "trial",
    requires: { ...requiredChips(profile.manifest.firmware.board), versions: profile.versions },
  };
  if (inventory.foreign.length > 0) {
    const text = `the board has a program of its own in ${inventory.foreign.join(" and ")}`;
    ctx.out.emit({ kind: "log", data: { level: "warning", text } });
  }
  const decision = planRelease(release, inventory, policy);
  if ("plan" in decision) return decision.plan;
  const { refusal } = decision;
  if (refusal.code !== "deploy/foreign-program") throw refusal;
  const question = `${refusal.message}; it would be moved to /old/, its other files stay. Replace it with ${release.profile}?`;
  if (!(await confirm(ctx, question))) throw refusal;
  const agreed = planRelease(release, inventory, { ...policy, replaceForeign: true });
  if ("refusal" in agreed) throw agreed.refusal;
  return agreed.plan;
}

function reportPlan(ctx: Context, release: Release, plan: Plan): EventData<"plan"> {
  const steps = plan.steps.map((step) => {
    const path = "path" in step ? step.path : null;
    if (step.kind !== "put") return { kind: step.kind, path, sizeBytes: 0, source: null };
    return { kind: step.kind, path, sizeBytes: step.sizeBytes, source: step.source.kind };
  });
  const data = { release: release.id, slot: plan.slot, upToDate: plan.upToDate, sendBytes: plan.sendBytes, steps };
  ctx.out.emit({ kind: "plan", data });
  return data;
}

function differs(release: Release, plan: Plan, options: DeployOptions): VerifyError {
  const { profile, device, port, configFile } = options;
  const words = Object.entries({ device, port, config: configFile }).map(([flag, value]) =>
    value === undefined ? "" : ` --${flag} ${/\s/.test(value) ? `"${value}"` : value}`,
  );
  return new VerifyError(
    "cli/differs",
    `the board differs from ${release.id} in ${plan.steps.filter((step) => step.kind !== "reset").length} steps`,
    {
      hint: `bring it up to date with: espx deploy ${profile}${words.join("")}`,
      details: { steps: plan.steps.length, sendBytes: plan.sendBytes },
    },
  );
}

async function applyPlan(ctx: Context, { transport }: Board, plan: Plan): Promise<void> {
  if (plan.upToDate) return;
  const done = await transport.begin(plan, ctx.signal);
  let sentBytes = 0;
  const report = (doneBytes: number, path: string | null): void =>
    ctx.out.emit({ kind: "progress", data: { task: "sending", doneBytes, totalBytes: plan.sendBytes, path } });
  for (const [index, step] of plan.steps.entries()) {
    const size = step.kind === "put" && step.source.kind === "blob" ? step.sizeBytes : 0;
    if (!done.has(index)) {
      const progress = (bytes: number, _: number, path: string): void => report(sentBytes + bytes, path);
      await transport.apply(step, { signal: ctx.signal, ...(size > 0 ? { progress } : {}) });
    }
    sentBytes += size;
    if (size > 0) report(sentBytes, null);
  }
}

interface OutcomeInput {
  readonly board: Board;
  readonly plan: Plan;
  readonly release: Release;
  /** Whether there is a confirmation to wait for. */
  readonly onTrial: boolean;
  readonly wait: boolean;
  readonly startMs: number;
}

type Outcome = Pick<EventData<"deployed">, "release" | "slot" | "state"> & { readonly waitingFor: readonly string[] };

async function outcome(ctx: Context, { board, plan, release, onTrial, wait, startMs }: OutcomeInput): Promise<Outcome> {
  if (!onTrial) return { release: release.id, slot: plan.slot, state: "unchanged", waitingFor: [] };
  if (!wait) return { release: release.id, slot: plan.slot, state: "trial", waitingFor: [] };
  const text = `slot ${plan.slot} runs on trial; waiting until the board confirms ${release.id}`;
  ctx.out.emit({ kind: "log", data: { level: "info", text } });
  if (plan.upToDate) await board.transport.reset("commanded", ctx.signal);
  const running = await board.transport.watch({ timeoutMs: watchTimeoutMs(ctx, startMs), signal: ctx.signal });
  // A plain program does not answer; its record was read, and it names no release.
  return {
    release: running.release || release.id,
    slot: running.slot,
    state: running.state,
    waitingFor: running.waitingFor,
  };
}

/** Ends a little before `--timeout`, so that it can be said what the board still waits for. */
function watchTimeoutMs({ flags, clock }: Context, startMs: number): number {
  if (flags.timeoutMs === undefined) return CONFIRM_TIMEOUT_MS;
  return Math.max(1_000, flags.timeoutMs - (clock.now() - startMs) - 1_000);
}
