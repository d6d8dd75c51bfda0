import type { SlotPlan } from "@espx/ota";
import type { Release, RunningState } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Board } from "./board.ts";

/** How long a set may take to prove itself: ten seconds of running, the network, the broker, and some patience. */
const CONFIRM_TIMEOUT_MS = 120_000;

export interface OutcomeInput {
  readonly board: Board;
  readonly plan: SlotPlan;
  readonly release: Release;
  /** Whether there is a confirmation to wait for. */
  readonly onTrial: boolean;
  readonly wait: boolean;
  readonly startMs: number;
}

/** What became of a deploy. */
export type Outcome = Omit<RunningState, "state"> & { readonly state: RunningState["state"] | "unchanged" };

/** Waits until the set has proved itself, where it has to and the person wants to know. */
export async function awaitOutcome(
  ctx: Context,
  { board, plan, release, onTrial, wait, startMs }: OutcomeInput,
): Promise<Outcome> {
  if (!onTrial) return { release: release.id, slot: plan.slot, state: "unchanged", waitingFor: [] };
  if (!wait) return { release: release.id, slot: plan.slot, state: "trial", waitingFor: [] };
  const text = `slot ${plan.slot} runs on trial; waiting until the board confirms ${release.id}`;
  ctx.out.emit({ kind: "log", data: { level: "info", text } });
  if (plan.upToDate) await board.transport.reset("commanded", ctx.signal);
  const running = await board.transport.watch({ timeoutMs: watchTimeoutMs(ctx, startMs), signal: ctx.signal });
  // A plain program does not answer; its record was read, and it names no release.
  return { ...running, release: running.release || release.id };
}

/** Ends a little before `--timeout`, so that it can be said what the board still waits for. */
function watchTimeoutMs({ flags, clock }: Context, startMs: number): number {
  if (flags.timeoutMs === undefined) return CONFIRM_TIMEOUT_MS;
  return Math.max(1_000, flags.timeoutMs - (clock.now() - startMs) - 1_000);
}
