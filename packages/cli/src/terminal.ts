import { createInterface } from "node:readline/promises";
import type { Terminal } from "./context.ts";
import type { Output } from "./output/output.ts";

/** The terminal that the process hangs on. Questions go to stderr, so that a piped result stays clean. */
export function realTerminal(out: Output): Terminal {
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && !out.json,
    input: process.stdin,
    async ask(question, signal) {
      out.settle();
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      // A line editor takes Ctrl-C as a key; here it shall do what it does everywhere else.
      lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
      try {
        return await lines.question(question, { signal });
      } finally {
        lines.close();
      }
    },
  };
}
