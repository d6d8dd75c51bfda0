import type { Inventory, Plan, Release, SlotName } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { shown } from "../project/folder.ts";
import type { DeployTarget } from "./deploy-target.ts";

/** What a deploy ends with. */
export type DeployResult = EventData<"deployed"> | EventData<"plan">;

interface Built {
  readonly release: { readonly id: string };
  readonly compiled: number;
  readonly fromCache: number;
}

/** Says what was built, and what of a folder was left out. */
export function reportRelease(
  ctx: Context,
  { release, compiled, fromCache }: Built,
  files: readonly { readonly sizeBytes: number }[],
): void {
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  ctx.out.emit({
    kind: "release",
    data: { release: release.id, files: files.length, sizeBytes, compiled, fromCache },
  });
}

export function reportLeftOut(ctx: Context, { contents }: DeployTarget): void {
  if (contents === null || contents.leftOut.length === 0) return;
  ctx.out.emit({ kind: "log", data: { level: "info", text: `left out: ${shown(contents.leftOut)}` } });
}

export function reportInventory(ctx: Context, inventory: Inventory, port: string): void {
  const { id, board, version, record, files, freeBytes } = inventory;
  const running = { slot: record?.slot ?? null, state: record?.state ?? null };
  ctx.out.emit({
    kind: "inventory",
    data: { id, board, version: version.join("."), port, ...running, files: files.length, freeBytes },
  });
}

export function reportPlan(ctx: Context, release: Pick<Release, "id">, plan: Plan): EventData<"plan"> {
  const steps = plan.steps.map((step) => {
    const path = "path" in step ? step.path : null;
    if (step.kind !== "put") return { kind: step.kind, path, sizeBytes: 0, source: null };
    return { kind: step.kind, path, sizeBytes: step.sizeBytes, source: step.source.kind };
  });
  const data = { release: release.id, slot: plan.slot, upToDate: plan.upToDate, sendBytes: plan.sendBytes, steps };
  ctx.out.emit({ kind: "plan", data });
  return data;
}

/** What is known at the end. */
export interface Ending {
  readonly release: string;
  readonly slot: SlotName | null;
  readonly state: EventData<"deployed">["state"];
  readonly waitingFor: readonly string[];
  readonly port: string;
  readonly sentBytes: number;
  readonly startMs: number;
}

export function reportDeployed(ctx: Context, target: DeployTarget, ending: Ending): EventData<"deployed"> {
  const { release, slot, state, waitingFor, port, sentBytes, startMs } = ending;
  const durationMs = Math.round(ctx.clock.now() - startMs);
  const data = { release, slot, state, waitingFor: [...waitingFor], port, sentBytes, durationMs };
  ctx.out.emit({ kind: "deployed", ...(target.device === null ? {} : { device: target.device.name }), data });
  return data;
}
