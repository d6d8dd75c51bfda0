import { defineCommand } from "../command.ts";
import { talk } from "../jobs/repl.ts";
import { boardFlags } from "./_flags.ts";

export default defineCommand({
  name: "repl",
  summary: "talk to a board's prompt",
  description:
    "Connects the terminal with the board's console. Ctrl-] leaves, Ctrl-C interrupts the program, Ctrl-D resets softly.",
  examples: ["espx repl --port sim:kitchen"],
  flags: boardFlags,
  async run(ctx, { flags }) {
    await talk(ctx, flags);
  },
});
