import { defineCommand } from "../command.ts";
import { copyMain } from "../jobs/copy-file.ts";
import { argument, boardFlags } from "./_flags.ts";

export default defineCommand({
  name: "pcp_main",
  summary: "replace the main.py of the running slot",
  description: "Writes FILE to main.py of the slot that runs; on a board without slots, to /main.py.",
  examples: ["espx pcp_main main.py --port sim:kitchen"],
  args: [{ name: "file", description: "a Python file" }],
  flags: boardFlags,
  changes: true,
  async run(ctx, { args, flags }) {
    const { port, device, filter } = flags;
    return copyMain(ctx, { port, device, filter, file: argument(args, 0) });
  },
});
