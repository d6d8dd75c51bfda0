import { defineCommand } from "../command.ts";
import { erasePartition } from "../jobs/erase-flash.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "partitions erase",
  summary: "erase a partition by its name",
  description:
    "Erases a partition of the board, after a yes: nvs are its settings, vfs its files, which MicroPython makes anew at the next start.",
  examples: ["espx partitions erase nvs --port sim:kitchen --yes"],
  args: [{ name: "name", description: "a partition, as espx partitions --port shows it" }],
  flags: chipFlags,
  changes: true,
  destroys: true,
  run: async (ctx, { args, flags }) => ({
    ...(await erasePartition(ctx, await chosenChip(ctx, flags), argument(args, 0))),
  }),
});
