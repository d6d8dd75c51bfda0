import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), "utf8");
const page = text("docs/rows.md");
const lines = page.split("\n");

/** Rows that the page has to account for, whole or in part. */
const inScope = [...numbered("E", 1, 28), "P14"];
const verbs = ["`pcp`", "`pcp_conf`", "`pcp_main`", "`cpall`", "`cmd`", "`monmqtt`"];

function numbered(letter: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => letter + String(first + index).padStart(2, "0"));
}

/** The tests that a line of the page names, each with its file. */
function namedTests(line: string): { readonly path: string; readonly title: string }[] {
  const found: { path: string; title: string }[] = [];
  let path: string | undefined;
  for (const [, file, title] of line.matchAll(/`([^`]+\.test\.ts)`|"([^"]+)"/g)) {
    if (file !== undefined) path = file;
    else if (path !== undefined) found.push({ path, title: title as string });
  }
  return found;
}

/** Titles of the tests in a file, as they are written: `%s` of a table stays. */
function titlesIn(source: string): ReadonlySet<string> {
  const calls = /(?:\b(?:it|test)(?:\.\w+(?:\([^\n]*?\))?)*|\]|as const)\)?\(\s*"((?:[^"\\]|\\.)*)"/g;
  return new Set([...source.matchAll(calls)].map((match) => match[1] as string));
}

test("docs/rows.md accounts for every row in scope", () => {
  const heads = lines.map((line) => /^(?:\| )?([^|]*)/.exec(line)?.[1] ?? "");
  for (const row of inScope)
    expect(
      heads.some((head) => head.startsWith(row)),
      row,
    ).toBe(true);
  for (const verb of verbs)
    expect(
      heads.some((head) => head.startsWith("P14 ") && head.includes(verb)),
      verb,
    ).toBe(true);
});

test("every row of docs/rows.md names a test, and every test that it names exists", () => {
  const rows = lines.filter((line) => /^\| [EP]\d\d |^E15/.test(line));
  expect(rows.length).toBeGreaterThan(30);
  for (const row of rows) {
    const tests = namedTests(row);
    expect(tests.length, row).toBeGreaterThan(0);
    for (const { path, title } of tests) expect([...titlesIn(text(path))], path).toContain(title);
  }
});

test("every test of the device that is named after a row is of a row of docs/rows.md", () => {
  const folder = new URL("device/tests/", root);
  const files = readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith(".test.ts"));
  const ids = files.flatMap((name) => [...titlesIn(text(`device/tests/${name}`))].map((title) => title.slice(0, 4)));
  const rows = new Set<string>(ids.filter((id) => /^[A-Z]\d\d /.test(id)).map((id) => id.trim()));
  expect(rows.size).toBeGreaterThan(20);
  for (const row of rows) expect(page).toContain(`| ${row} |`);
});
