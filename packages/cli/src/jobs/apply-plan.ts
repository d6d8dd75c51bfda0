import type { Plan } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Board } from "./board.ts";

/** Takes the steps of a plan in turn, with progress over all that travels. */
export async function applyPlan(ctx: Context, { transport }: Board, plan: Plan): Promise<void> {
  if (plan.upToDate) return transport.tidy(ctx.signal);
  const done = await transport.begin(plan, ctx.signal);
  let sentBytes = 0;
  const report = (doneBytes: number, path: string | null): void =>
    ctx.out.emit({ kind: "progress", data: { task: "sending", doneBytes, totalBytes: plan.sendBytes, path } });
  const steps = plan.steps.map(async (step, index) => {
    const size = step.kind === "put" && step.source.kind === "blob" ? step.sizeBytes : 0;
    if (!done.has(index)) {
      const progress = (bytes: number, _: number, path: string): void => report(sentBytes + bytes, path);
      await transport.apply(step, { signal: ctx.signal, ...(size > 0 ? { progress } : {}) });
    }
    sentBytes += size;
    if (size > 0) report(sentBytes, null);
  });
  // Given all at once, they follow each other on the line without a pause.
  await Promise.all(steps);
}
