import type { Plan, SlotName, SlotState } from "@espx/proto";

/** A plan as plain data, for `--dry-run`, `--check` and `--json`. */
export interface PlanSummary {
  readonly slot: SlotName | null;
  readonly upToDate: boolean;
  readonly sendBytes: number;
  /** Files that travel. */
  readonly send: readonly { readonly path: string; readonly sizeBytes: number }[];
  /** Files that the board copies from another place of its own. */
  readonly copy: readonly { readonly path: string; readonly sizeBytes: number; readonly from: string }[];
  readonly remove: readonly string[];
  /** What the record will say; null when it stays as it is. */
  readonly commit: { readonly slot: SlotName; readonly state: SlotState; readonly config: string | null } | null;
  readonly reset: boolean;
}

export function describe(plan: Plan): PlanSummary {
  const send: { path: string; sizeBytes: number }[] = [];
  const copy: { path: string; sizeBytes: number; from: string }[] = [];
  const remove: string[] = [];
  let commit: PlanSummary["commit"] = null;
  for (const step of plan.steps) {
    if (step.kind === "remove") remove.push(step.path);
    if (step.kind === "commit")
      commit = { slot: step.record.slot, state: step.record.state, config: step.record.config };
    if (step.kind !== "put") continue;
    const { path, sizeBytes, source } = step;
    if (source.kind === "blob") send.push({ path, sizeBytes });
    else copy.push({ path, sizeBytes, from: source.from });
  }
  const { slot, upToDate, sendBytes } = plan;
  return {
    slot,
    upToDate,
    sendBytes,
    send,
    copy,
    remove,
    commit,
    reset: plan.steps.some((step) => step.kind === "reset"),
  };
}
