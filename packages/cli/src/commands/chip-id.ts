import { defineCommand } from "../command.ts";
import { showChip } from "../jobs/show-chip.ts";
import { chipFlags, chosenChip } from "./_chip.ts";

export default defineCommand({
  name: "chip-id",
  summary: "the same as chip, in esptool's words",
  description:
    "Shows chip, revision, features, address, flash and what it holds. Asking resets the board: its program starts anew.",
  examples: ["espx chip-id --port sim:kitchen", "espx chip-id --port sim:kitchen --json"],
  flags: chipFlags,
  run: async (ctx, { flags }) => showChip(ctx, await chosenChip(ctx, flags)),
});
