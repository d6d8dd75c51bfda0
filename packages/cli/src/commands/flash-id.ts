import { defineCommand } from "../command.ts";
import { showFlashId } from "../jobs/show-chip.ts";
import { chipFlags, chosenChip } from "./_chip.ts";

export default defineCommand({
  name: "flash-id",
  summary: "show maker, type and size of the flash chip",
  description: "Shows the flash chip's JEDEC id. Asking resets the board: its program starts anew.",
  examples: ["espx flash-id --port sim:kitchen", "espx flash-id --port sim:kitchen --json"],
  flags: chipFlags,
  run: async (ctx, { flags }) => showFlashId(ctx, await chosenChip(ctx, flags)),
});
