import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { argument } from "./_flags.ts";

const actions = ["on", "off", "cycle"] as const;

export default defineCommand({
  name: "sim power",
  summary: "switch a virtual board's power",
  examples: ["espx sim power kitchen cycle", "espx sim power kitchen off"],
  args: [
    { name: "name", description: "a virtual board that runs" },
    { name: "action", description: "on, off or cycle" },
  ],
  async run(ctx, { args }) {
    const board = argument(args, 0);
    const action = actions.find((word) => word === args[1]);
    if (action === undefined) {
      const hint = `espx sim power ${board} cycle`;
      throw new UsageError("cli/argument-value", `the action must be on, off or cycle, got "${argument(args, 1)}"`, {
        hint,
      });
    }
    await (await ctx.outside.simControl()).power(board, action);
    ctx.out.emit({ kind: "power", device: board, data: { board, action } });
    return { action };
  },
});
