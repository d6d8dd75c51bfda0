import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { showTableOfBoard, showTableOfFile } from "../jobs/partition-table.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { optionalAddress } from "./_numbers.ts";

export default defineCommand({
  name: "partitions",
  summary: "show the partition table of a board or a file",
  description:
    "Shows the partition table of a board, which is reset for it, or of a file: a CSV as ESP-IDF has it, the table's bytes, a merged firmware or a backup. --output turns one form into another.",
  examples: [
    "espx partitions --port sim:kitchen",
    "espx partitions firmware.bin --csv",
    "espx partitions partitions.csv --output table.bin",
  ],
  args: [
    {
      name: "file",
      description: "a CSV, a partition table, a merged firmware or a backup; else a board",
      optional: true,
    },
  ],
  flags: {
    ...chipFlags,
    csv: { description: "print it as CSV" },
    output: { value: "file", short: "o", description: "write it: as CSV when the name ends in .csv, else as bytes" },
    flashSize: { value: "size", description: "check that it fits flash of this size, for example 4MB" },
  },
  async run(ctx, { args, flags }) {
    const { csv, output } = flags;
    const options = { csv, output, flashSizeBytes: optionalAddress(flags.flashSize, "--flash-size") };
    const [file] = args;
    const isBoard = flags.port !== undefined || flags.device !== undefined || flags.filter.length > 0;
    if (file !== undefined && isBoard) {
      throw new UsageError("cli/usage", `${file} and a board are named, expected one of them`, {
        hint: "espx partitions FILE, or espx partitions --port PORT",
      });
    }
    if (file !== undefined) return showTableOfFile(ctx, file, options);
    return showTableOfBoard(ctx, await chosenChip(ctx, flags), options);
  },
});
