import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { knownDifferences } from "./known-differences.ts";
import { isAsExpected, type Outcome, runOwnTest, type RunOptions, testNames } from "./own-tests.ts";

const checkout = process.env["ESPX_MICROPYTHON"];
const samples = fileURLToPath(new URL("samples", import.meta.url));
const folders = ["tests/basics", "tests/micropython", "tests/extmod"];

/** Bytes between two collections under stress: about four blocks of the heap. */
const stress: RunOptions = { gcThreshold: 64 };

async function runAll(root: string, options: RunOptions): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const name of testNames(root, folders)) outcomes.push(await runOwnTest(root, name, options));
  return outcomes;
}

const namesOf = (outcomes: readonly Outcome[], kind: Outcome["kind"]): readonly string[] =>
  outcomes.filter((outcome) => outcome.kind === kind).map(({ name }) => name);

describe("files in the manner of MicroPython's own tests", () => {
  it.each([
    ["as the chip runs them", {}],
    ["under stress of the collector", stress],
  ])(
    "are the same, skipped, or found to differ: %s",
    async (_, options) => {
      const outcomes = await runAll(samples, options);
      expect(namesOf(outcomes, "differs")).toEqual(["tests/basics/wrong_on_purpose.py"]);
      expect(namesOf(outcomes, "skipped")).toEqual(["tests/extmod/absent_module.py"]);
      expect(namesOf(outcomes, "unknown")).toEqual([]);
      expect(namesOf(outcomes, "same")).toHaveLength(testNames(samples, folders).length - 2);
    },
    120_000,
  );

  it("may leave lines open", () => {
    expect(isAsExpected("a\n########\nb\n", "a\nx\ny\nb\n")).toBe(true);
    expect(isAsExpected("a\n########\nb\n", "a\nb\n")).toBe(true);
    expect(isAsExpected("a\n########\nb\n", "a\nx\nc\n")).toBe(false);
    expect(isAsExpected("a.c\n", "abc\n")).toBe(false);
  });
});

describe.skipIf(checkout === undefined)("MicroPython's own tests (needs ESPX_MICROPYTHON)", () => {
  it.each([
    ["as the chip runs them", {}],
    ["under stress of the collector", stress],
  ])(
    "come out the same but for the known differences: %s",
    async (_, options) => {
      const outcomes = await runAll(checkout ?? "", options);
      const counts = ["same", "skipped", "differs", "unknown"].map(
        (kind) => `${outcomes.filter((outcome) => outcome.kind === kind).length} ${kind}`,
      );
      process.stderr.write(`MicroPython's own tests: ${counts.join(", ")}\n`);
      const news = outcomes.filter(({ name, kind }) => kind === "differs" && !Object.hasOwn(knownDifferences, name));
      expect(news).toEqual([]);
      expect(outcomes.length).toBeGreaterThan(0);
    },
    3_600_000,
  );
});
