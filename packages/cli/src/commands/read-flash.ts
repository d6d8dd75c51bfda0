import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { readFlash } from "../jobs/read-flash.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { argument } from "./_flags.ts";
import { addressOf } from "./_numbers.ts";

export default defineCommand({
  name: "read-flash",
  summary: "read flash into a file",
  description:
    "Reads a piece of flash, checked by its MD5, into a file that only you can read: flash may hold passwords and keys. SIZE may be ALL. The board is reset.",
  examples: [
    "espx read-flash 0x8000 0xc00 table.bin --port sim:kitchen",
    "espx read-flash 0x9000 24K nvs.bin --port sim:kitchen",
  ],
  args: [
    { name: "address", description: "where to begin, for example 0x10000" },
    { name: "size", description: "how many bytes, for example 64K; ALL for the rest of flash" },
    { name: "file", description: "the file to write" },
  ],
  flags: chipFlags,
  async run(ctx, { args, flags }) {
    const size = argument(args, 1);
    const address = addressOf(argument(args, 0), "the address");
    const sizeBytes = /^all$/i.test(size) ? undefined : addressOf(size, "the size");
    if (sizeBytes === 0) {
      throw new UsageError("cli/argument-value", "the size is 0, expected at least one byte", {
        hint: "for example 64K, or ALL",
      });
    }
    return readFlash(ctx, await chosenChip(ctx, flags), { address, sizeBytes, file: argument(args, 2) });
  },
});
