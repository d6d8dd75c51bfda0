import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readPage } from "./page.ts";
import { Reader } from "./reader.ts";

/** Printed when the boards are up. */
const SIMULATOR_IS_UP = "Ctrl-C stops";
/** Printed when a board has what is watched. */
const WATCHES = "Ctrl-C ends";

test.each(["deploy", "flash", "library", "simulator", "testing"])(
  "every command of docs/%s.md works as it is printed",
  { timeout: 300_000 },
  async (page) => {
    const path = fileURLToPath(new URL(`../../docs/${page}.md`, import.meta.url));
    const steps = readPage(readFileSync(path, "utf8"));
    expect(steps.length).toBeGreaterThan(4);
    const reader = await Reader.open();
    try {
      for (const step of steps) {
        if (step.kind === "file") reader.writeFile(step.path, step.content);
        else if (/^espx sim (?!list|pin|fault|power)/.test(step.line)) await reader.start(step.line, SIMULATOR_IS_UP);
        else {
          const ends = step.line.includes("--watch") ? WATCHES : undefined;
          const { exitCode, output } = await reader.run(step.line, ends);
          expect(
            exitCode === 130 && ends !== undefined ? 0 : exitCode,
            `docs/${page}.md:${step.lineNumber}: ${step.line}\n${output}`,
          ).toBe(0);
        }
      }
    } finally {
      await reader.close();
    }
  },
);
