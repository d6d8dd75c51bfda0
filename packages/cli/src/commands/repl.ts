import { defineCommand } from "../command.ts";
import { talk } from "../jobs/repl.ts";
import { boardFlags } from "./_flags.ts";

export default defineCommand({
  name: "repl",
  summary: "talk to a board's prompt",
  description:
    "Connects the terminal with the board's console. Ctrl-] leaves, Ctrl-C interrupts the program, Ctrl-D resets softly.",
  examples: ["espx repl --port sim:kitchen", "espx repl --port sim:kitchen --reconnect --log kitchen.log"],
  flags: {
    ...boardFlags,
    log: { value: "file", description: "add everything that the board says to a file, each line with its time" },
    reconnect: { description: "wait for a port that gets lost, and go on" },
  },
  async run(ctx, { flags }) {
    await talk(ctx, flags);
  },
});
