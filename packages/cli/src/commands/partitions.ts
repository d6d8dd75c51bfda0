import { defineCommand } from "../command.ts";
import { showTableOfFile } from "../jobs/partition-table.ts";
import { argument } from "./_flags.ts";
import { optionalAddress } from "./_numbers.ts";

export default defineCommand({
  name: "partitions",
  summary: "show a partition table",
  description:
    "Shows the partition table of a file: a CSV as ESP-IDF has it, the table's bytes, a merged firmware or a backup. --output turns one form into another.",
  examples: [
    "espx partitions firmware.bin",
    "espx partitions firmware.bin --csv",
    "espx partitions partitions.csv --output partitions.bin",
  ],
  args: [{ name: "file", description: "a CSV, a partition table, a merged firmware or a backup" }],
  flags: {
    csv: { description: "print it as CSV" },
    output: { value: "file", short: "o", description: "write it: as CSV when the name ends in .csv, else as bytes" },
    flashSize: { value: "size", description: "check that it fits flash of this size, for example 4MB" },
  },
  run: (ctx, { args, flags }) =>
    showTableOfFile(ctx, argument(args, 0), {
      csv: flags.csv,
      output: flags.output,
      flashSizeBytes: optionalAddress(flags.flashSize, "--flash-size"),
    }),
});
