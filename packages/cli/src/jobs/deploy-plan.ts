import { plan as planRelease, type Policy, type SlotPlan } from "@espx/ota";
import { VerifyError } from "@espx/proto";
import type { Inventory, Plan, Release } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Profile } from "../project/profile.ts";
import { requirementsOf } from "../project/requirements.ts";
import { confirm } from "./ask.ts";

interface PlanInput {
  readonly release: Release;
  readonly inventory: Inventory;
  readonly profile: Profile;
  readonly mayAsk: boolean;
  /** How the set is to be marked; on trial unless told otherwise. */
  readonly wish?: Pick<Policy, "state" | "inPlace">;
}

/** Plans; where a foreign program stands in the way, asks whether it may be replaced. */
export async function planWithConsent(
  ctx: Context,
  { release, inventory, profile, mayAsk, wish = { state: "trial" } }: PlanInput,
): Promise<SlotPlan> {
  const policy: Policy = {
    ...wish,
    replaceForeign: ctx.flags.yes || !mayAsk,
    requires: requirementsOf(profile),
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

/** What `--check` ends with when the board is something else; `words` is the command that would change that. */
export function differs(release: Pick<Release, "id">, plan: Plan, words: string): VerifyError {
  return new VerifyError(
    "cli/differs",
    `the board differs from ${release.id} in ${plan.steps.filter((step) => step.kind !== "reset").length} steps`,
    {
      hint: `bring it up to date with: ${words}`,
      details: { steps: plan.steps.length, sendBytes: plan.sendBytes },
    },
  );
}
