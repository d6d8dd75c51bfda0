import { defineCommand } from "../command.ts";
import { execCode } from "../jobs/exec.ts";
import { argument, boardFlags } from "./_flags.ts";

export default defineCommand({
  name: "exec",
  summary: "run Python code on a board",
  description:
    "Interrupts what runs on the board, runs CODE (- reads it from standard input) and prints what it prints. What ran stays stopped; --reset starts it again.",
  examples: [
    'espx exec "import sys; print(sys.version)" --port sim:kitchen',
    "echo 'print(1 + 1)' | espx exec - --port sim:kitchen",
  ],
  args: [{ name: "code", description: "Python code, or - for standard input" }],
  flags: { ...boardFlags, reset: { description: "reset the board afterwards" } },
  async run(ctx, { args, flags }) {
    await execCode(ctx, { ...flags, code: argument(args, 0) });
  },
});
