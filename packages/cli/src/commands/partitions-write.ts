import { defineCommand } from "../command.ts";
import { writePartition } from "../jobs/write-regions.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "partitions write",
  summary: "write a file into a partition by its name",
  description:
    "Writes a file into a partition of the board, after a yes. An application must be one for this chip, and the file must fit. Only what differs is sent.",
  examples: ["espx partitions write factory app.bin --port sim:kitchen --yes"],
  args: [
    { name: "name", description: "a partition, as espx partitions --port shows it" },
    { name: "file", description: "a file here" },
  ],
  flags: chipFlags,
  changes: true,
  destroys: true,
  run: async (ctx, { args, flags }) => ({
    ...(await writePartition(ctx, await chosenChip(ctx, flags), { name: argument(args, 0), file: argument(args, 1) })),
  }),
});
