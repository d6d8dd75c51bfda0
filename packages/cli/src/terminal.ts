import { createInterface } from "node:readline/promises";
import type { Terminal } from "./context.ts";
import type { Output } from "./output/output.ts";

/** The terminal that the process hangs on. Questions go to stderr, so that a piped result stays clean. */
export function realTerminal(out: Output): Terminal {
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && !out.json,
    input: process.stdin,
    async ask(question) {
      out.settle();
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
