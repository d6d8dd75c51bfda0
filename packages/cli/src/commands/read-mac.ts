import { defineCommand } from "../command.ts";
import { showMac } from "../jobs/show-chip.ts";
import { chipFlags, chosenChip } from "./_chip.ts";

export default defineCommand({
  name: "read-mac",
  summary: "show a chip's address",
  description: "Shows the chip's MAC address. Asking resets the board: its program starts anew.",
  examples: ["espx read-mac --port sim:kitchen", "espx read-mac --port sim:kitchen --json"],
  flags: chipFlags,
  run: async (ctx, { flags }) => showMac(ctx, await chosenChip(ctx, flags)),
});
