import { UsageError } from "@espx/proto";
import type { Context } from "../context.ts";

/**
 * Asks before something is destroyed; `--yes` answers beforehand.
 *
 * @throws UsageError `cli/answer-needed` where nobody can be asked
 */
export async function confirm(ctx: Context, question: string): Promise<boolean> {
  if (ctx.flags.yes) return true;
  if (!ctx.terminal.interactive) {
    throw new UsageError("cli/answer-needed", question.replace(/\?$/, "? Nobody can be asked here"), {
      hint: "agree with --yes",
    });
  }
  const answer = await ctx.terminal.ask(`${question} [y/N] `, ctx.signal);
  return /^y(es)?$/i.test(answer.trim());
}
