import { UsageError } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatError, toEspxError } from "../src/output/error-text.ts";
import { absences, expectations } from "../src/scenario/expect-statements.ts";
import { parseScenario } from "../src/scenario/parse-scenario.ts";
import { verbs, type Tools } from "../src/scenario/statements.ts";

const tools: Tools = {
  parseFault: (words) => {
    if (words[0] === "dns") return { kind: "dns", fails: words[1] === "on" };
    throw new UsageError("sim/bad-fault", `"${words[0]}" is no fault`);
  },
};

const parse = (text: string): ReturnType<typeof parseScenario> => parseScenario({ file: "t.scenario", text }, tools);

/** The error of a scenario, as it is printed. */
function complaint(text: string): string {
  try {
    parse(text);
  } catch (error) {
    return formatError(toEspxError(error), "test");
  }
  return "";
}

describe("a scenario that is wrong is shown at its place", () => {
  test.each([
    ["start\nadvanse 5 s", "2:1", '"advanse" is no command of a scenario (did you mean "advance"?)', "^"],
    ["start\nadvance 5", "2:9", 'expected a time such as 500 ms, 10 s, 5 min, 2 h or 1 d, got "5"', "        ^"],
    [
      "start\nadvance",
      "2:8",
      "expected a time such as 500 ms, 10 s, 5 min, 2 h or 1 d, got the end of the line",
      "       ^",
    ],
    ["start\n  advance 5 s now", "2:15", '"now" is more than this line takes', "              ^"],
    ["start\npin 40 1", "2:5", 'a pin must be a whole number from 0 to 39, got "40"', "    ^"],
    ["start\npin 4 high", "2:7", 'expected 0 or 1, got "high"', "      ^"],
    [
      "start\nexpect mqtt Rate within 5 sec",
      "2:25",
      'expected a time such as 500 ms, 10 s, 5 min, 2 h or 1 d, got "5"',
      "                        ^",
    ],
    ["start\nexpect mqqt Rate", "2:8", 'got "mqqt" (did you mean "mqtt"?)', "       ^"],
    ["start\nexpect no mqtt Rate", "2:20", "expected for, got the end of the line", "                   ^"],
    [
      "start\nexpect console matches ( within 1 s",
      "2:24",
      '"(" is not a regular expression',
      "                       ^",
    ],
    [
      "start\nexpect pulse pin 2 period 1 s 10 %",
      "2:31",
      'expected a tolerance such as ±10 %, got "10"',
      "                              ^",
    ],
    ['start\ntype "open', "2:6", 'this " has no end, or text follows it', "     ^"],
    ["start\nfault flood on", "2:7", '"flood" is no fault', "      ^"],
    [
      "start\ncut power at flash operation 0",
      "2:30",
      "a flash operation must be a whole number from 1 to 1000000",
      "                             ^",
    ],
    ["start\nexpect file state/x", "2:13", 'a path on the board begins with /, got "state/x"', "            ^"],
  ])("%j", (text, place, message, caret) => {
    const shown = complaint(text);
    expect(shown).toContain(`at t.scenario:${place}`);
    expect(shown).toContain(message);
    expect(shown).toContain(`\n    | ${caret}\n`);
    expect(shown).toContain("(cli/scenario-syntax)");
  });

  test.each([
    ["expect online\nstart", "1:1", '"expect" comes before the board is started'],
    ["start\nconfig rate 2", "2:1", '"config" comes before "start", where the board has no power yet'],
    ["start\nstart", "2:1", "the board is started already"],
  ])("%j is in the wrong order", (text, place, message) => {
    const shown = complaint(text);
    expect(shown).toContain(`at t.scenario:${place}`);
    expect(shown).toContain(message);
    expect(shown).toContain("(cli/scenario-order)");
  });

  test("a scenario without a start says what to write", () => {
    expect(complaint("config rate 2\n")).toBe(
      [
        "espx test: t.scenario never starts its board",
        "  at t.scenario",
        '  do this: write a line "start" below the config',
        "  (cli/scenario-order)",
      ].join("\n"),
    );
  });
});

test("a comment begins with a word that starts with #, quotes keep it", () => {
  const { statements } = parse('# a comment\nstart # here\npublish Color "#ff0000" # red\n\n');
  expect(statements.map(({ place, text }) => [place.line, text])).toEqual([
    [2, "start # here"],
    [3, 'publish Color "#ff0000" # red'],
  ]);
});

test("every usage that the tables give can be read as a line", () => {
  const usages = [...Object.values(verbs), ...Object.values(expectations), ...Object.values(absences)].map(
    ({ usage }) => usage,
  );
  const examples = usages.flatMap(variants);
  expect(examples.length).toBeGreaterThan(usages.length);
  for (const line of examples) {
    const isSetup = /^(config|release|nvs|file|start)/.test(line);
    expect(complaint(isSetup ? `${line}\n${line === "start" ? "" : "start"}` : `start\n${line}`), line).toBe("");
  }
});

/** A usage with everything optional, and without; of alternatives, each. */
function variants(usage: string): string[] {
  const words: Readonly<Record<string, string>> = {
    TIME: "2 s",
    NUMBER: "2",
    NAME: usage.startsWith("fault") ? "dns" : "Rate",
    KEY: "rate",
    VALUE: usage.startsWith("fault") ? "on" : "5",
    NAMESPACE: "app",
    TEXT: "some text",
    PATTERN: "^a b$",
    PATH: "/state/x",
    BYTES: "3",
    "±PERCENT": "±5",
    A: "1",
    B: "2.5",
  };
  const expand = (text: string): string[] => {
    const group = /\[([^[\]]*)\]/.exec(text);
    if (group === null) return [text];
    const options = ["", ...(group[1] ?? "").split(" | ")];
    return options.flatMap((option) => expand(text.replace(group[0], option)));
  };
  const whole = expand(usage).flatMap((text) => (/ \| /.test(text) ? splitAlternatives(text) : [text]));
  return whole
    .flatMap(
      (text) =>
        /\b[\w-]+(?:\|[\w-]+)+/
          .exec(text)?.[0]
          .split("|")
          .map((one) => text.replace(/\b[\w-]+(?:\|[\w-]+)+/, one)) ?? [text],
    )
    .map((text) =>
      text
        .replaceAll(/±?[A-Z]+\b/g, (word) => words[word] ?? word)
        .replaceAll(/\s+/g, " ")
        .trim(),
    );
}

/** `nvs A i32 N | nvs A text T` are two lines; `console TEXT | matches PATTERN within T` differ after the second word. */
function splitAlternatives(text: string): string[] {
  const parts = text.split(" | ");
  const [first = "", second = ""] = parts;
  if (second.startsWith(first.split(" ")[0] ?? "-")) return parts;
  const ending = / (?:within|for) TIME$/.exec(text)?.[0] ?? "";
  const head = first
    .split(" ")
    .slice(0, first.includes("i32") ? -2 : -1)
    .join(" ");
  return [`${first}${ending}`, `${head} ${second}`];
}

test("random lines are read, or refused with the error that is documented", () => {
  const word = fc.oneof(
    fc.constantFrom(
      ...Object.keys(verbs),
      ...Object.keys(expectations),
      "expect",
      "no",
      "within",
      "for",
      "5",
      "s",
      "±10",
      "%",
      '"',
      "#",
    ),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(word, { maxLength: 7 }), { maxLength: 4 }), (lines) => {
      const shown = complaint(lines.map((line) => line.join(" ")).join("\n"));
      expect(shown === "" || /\(cli\/scenario-(syntax|order)\)$/.test(shown), shown).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
