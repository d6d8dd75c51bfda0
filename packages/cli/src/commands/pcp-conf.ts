import { defineCommand } from "../command.ts";
import { copyConfig } from "../jobs/copy-file.ts";
import { argument, boardFlags } from "./_flags.ts";

export default defineCommand({
  name: "pcp_conf",
  summary: "copy a config to a board's /config.txt",
  description:
    "Writes FILE to /config.txt. A board whose running set was deployed with a config of its own goes on using that one; espx deploy --config changes it.",
  examples: ["espx pcp_conf config.txt --port sim:kitchen"],
  args: [{ name: "file", description: "the device's config" }],
  flags: boardFlags,
  changes: true,
  async run(ctx, { args, flags }) {
    const { port, device, filter } = flags;
    return copyConfig(ctx, { port, device, filter, file: argument(args, 0) });
  },
});
