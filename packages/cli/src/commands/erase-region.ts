import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { eraseRegion } from "../jobs/erase-flash.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { argument } from "./_flags.ts";
import { addressOf } from "./_numbers.ts";

const SECTOR_BYTES = 0x1000;

export default defineCommand({
  name: "erase-region",
  summary: "erase a piece of flash",
  description: "Erases whole sectors of 4 KB, after a yes. The board is reset.",
  examples: [
    "espx erase-region 0x3ff000 0x1000 --port sim:kitchen --yes",
    "espx erase-region 0x9000 24K --port sim:kitchen --dry-run",
  ],
  args: [
    { name: "address", description: "where to begin, a multiple of 0x1000" },
    { name: "size", description: "how many bytes, a multiple of 0x1000" },
  ],
  flags: chipFlags,
  changes: true,
  destroys: true,
  async run(ctx, { args, flags }) {
    const range = {
      address: addressOf(argument(args, 0), "the address"),
      sizeBytes: addressOf(argument(args, 1), "the size"),
    };
    for (const [name, value] of Object.entries(range)) {
      if (value % SECTOR_BYTES === 0 && (name === "address" || value > 0)) continue;
      const what = name === "address" ? "the address" : "the size";
      throw new UsageError("cli/argument-value", `${what} must be a multiple of 0x1000, got 0x${value.toString(16)}`, {
        hint: "flash is erased by sectors of 4 KB; for example espx erase-region 0x9000 0x6000",
      });
    }
    return { ...(await eraseRegion(ctx, await chosenChip(ctx, flags), range)) };
  },
});
