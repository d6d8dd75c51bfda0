import { defineCommand } from "../command.ts";
import { copyFile } from "../jobs/copy-file.ts";
import { argument, boardFlags } from "./_flags.ts";

export default defineCommand({
  name: "pcp",
  summary: "copy one file to a board",
  description:
    "Copies FILE to TARGET, by default under the same name at the board's root; a TARGET that ends in / is a folder.",
  examples: ["espx pcp data.json --port sim:kitchen", "espx pcp helper.py /lib/helper.py --port sim:kitchen"],
  args: [
    { name: "file", description: "a file here" },
    { name: "target", description: "its path on the board", optional: true },
  ],
  flags: boardFlags,
  changes: true,
  async run(ctx, { args, flags }) {
    const { port, device, filter } = flags;
    return copyFile(ctx, { port, device, filter, file: argument(args, 0), target: args[1] });
  },
});
