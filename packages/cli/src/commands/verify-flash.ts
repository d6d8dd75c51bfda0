import { defineCommand } from "../command.ts";
import { verifyFlash } from "../jobs/verify-flash.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { filesAt } from "./_numbers.ts";

export default defineCommand({
  name: "verify-flash",
  summary: "compare files with what is in flash",
  description:
    "Has the chip compute the MD5 of each range and compares it with the file. Ends with exit code 7 when one differs, and says where. The board is reset.",
  examples: ["espx verify-flash 0x8000 partitions.bin --port sim:kitchen"],
  args: [{ name: "address file", description: "addresses in flash, each with its file", variadic: true }],
  flags: chipFlags,
  run: async (ctx, { args, flags }) => {
    const files = filesAt(args, "verify-flash");
    return verifyFlash(ctx, await chosenChip(ctx, flags), files);
  },
});
