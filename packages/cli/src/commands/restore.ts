import { defineCommand } from "../command.ts";
import { restore } from "../jobs/write-regions.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "restore",
  summary: "bring a board's flash back from a backup",
  description:
    "Replaces all of a board's flash by a backup, after a yes. What the board holds already is not sent; every piece is verified.",
  examples: [
    "espx restore kitchen.bin --port sim:kitchen --yes",
    "espx restore kitchen.bin --port sim:kitchen --dry-run",
  ],
  args: [{ name: "file", description: "a file that espx backup made" }],
  flags: chipFlags,
  changes: true,
  destroys: true,
  run: async (ctx, { args, flags }) => ({ ...(await restore(ctx, await chosenChip(ctx, flags), argument(args, 0))) }),
});
