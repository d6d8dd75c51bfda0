import { defineCommand } from "../command.ts";
import { eraseFlash } from "../jobs/erase-flash.ts";
import { chipFlags, chosenChip } from "./_chip.ts";

export default defineCommand({
  name: "erase-flash",
  summary: "erase all of a board's flash",
  description: "Erases firmware, files and settings, after a yes. The board starts nothing until it is flashed again.",
  examples: ["espx erase-flash --port sim:kitchen --dry-run", "espx erase-flash --port sim:kitchen --yes"],
  flags: chipFlags,
  changes: true,
  destroys: true,
  run: async (ctx, { flags }) => ({ ...(await eraseFlash(ctx, await chosenChip(ctx, flags))) }),
});
