import { defineCommand } from "../command.ts";
import { backup } from "../jobs/read-flash.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "backup",
  summary: "save all of a board's flash in a file",
  description:
    "Saves firmware, files and settings as they are in a file that only you can read: it holds the passwords that the board knows. espx restore brings it back. The board is reset.",
  examples: ["espx backup kitchen.bin --port sim:kitchen"],
  args: [{ name: "file", description: "the file to write" }],
  flags: chipFlags,
  destroys: true,
  run: async (ctx, { args, flags }) => backup(ctx, await chosenChip(ctx, flags), argument(args, 0)),
});
