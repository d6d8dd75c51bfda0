import type { FlashProgress } from "@espx/serial";
import type { Context } from "../context.ts";

const tasks: Readonly<Record<FlashProgress["phase"], string>> = {
  compare: "comparing",
  write: "writing",
  read: "reading",
};

/** How far reading, comparing or writing has come, as the `progress` event has it. */
export function showProgress(ctx: Context, { phase, doneBytes, totalBytes }: FlashProgress): void {
  ctx.out.emit({ kind: "progress", data: { task: tasks[phase], doneBytes, totalBytes, path: null } });
}
