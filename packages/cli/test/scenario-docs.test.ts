import { expect, test } from "vitest";
import { absences, expectations } from "../src/scenario/expect-statements.ts";
import { verbs } from "../src/scenario/statements.ts";
import { goldenFile } from "./_golden.ts";
import { readFileSync } from "node:fs";

const marker = "<!-- commands -->";
const page = "docs/testing.md";

/** The table of all commands as the page has it, setup first. */
function commandTable(): string {
  const rows = [
    ...Object.values(verbs).toSorted((a, b) => rank(a.when) - rank(b.when)),
    ...Object.values(expectations),
    ...Object.values(absences),
  ];
  const lines = rows.map(({ usage, meaning }) => `| \`${usage.replaceAll("|", "\\|")}\` | ${meaning} |`);
  return [marker, "| line | what it does |", "|---|---|", ...lines, ""].join("\n");
}

const rank = (when: "setup" | "run" | "any"): number => ["setup", "any", "run"].indexOf(when);

test("docs/testing.md lists every command of the language with what it does", () => {
  const old = readFileSync(new URL(`../../../${page}`, import.meta.url), "utf8");
  const start = old.indexOf(marker);
  const end = old.indexOf("\n\n", start);
  expect(start).toBeGreaterThan(0);
  const text = `${old.slice(0, start)}${commandTable()}${old.slice(end + 1)}`;
  expect(text).toBe(goldenFile(page, text));
});
