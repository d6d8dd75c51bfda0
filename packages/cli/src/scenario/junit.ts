import type { EventData } from "../events.ts";

type Result = EventData<"scenario">;

/**
 * Writes results in the XML form that CI servers read: one suite a profile, one case a scenario, times in real seconds.
 *
 * @source the schema that Jenkins' xUnit plug-in publishes for JUnit reports
 */
export function formatJUnit(results: readonly Result[]): string {
  const profiles = [...new Set(results.map(({ profile }) => profile))];
  const suites = profiles.map((profile) =>
    suite(
      profile,
      results.filter((result) => result.profile === profile),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${totals(results)}>\n${suites.join("")}</testsuites>\n`;
}

function suite(profile: string, results: readonly Result[]): string {
  return `  <testsuite name="${escape(profile)}" ${totals(results)} skipped="0">\n${results.map(testCase).join("")}  </testsuite>\n`;
}

function totals(results: readonly Result[]): string {
  const failed = results.filter(({ passed }) => !passed);
  const errors = failed.filter(({ failure }) => failure?.code !== EXPECTATION).length;
  const time = results.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return `tests="${results.length}" failures="${failed.length - errors}" errors="${errors}" time="${seconds(time)}"`;
}

const EXPECTATION = "cli/expectation-failed";

function testCase({ profile, name, file, durationMs, failure }: Result): string {
  const head = `    <testcase classname="${escape(profile)}" name="${escape(name)}" file="${escape(file)}" time="${seconds(durationMs)}"`;
  if (failure === null) return `${head}/>\n`;
  const kind = failure.code === EXPECTATION ? "failure" : "error";
  const place = failure.line === null ? file : `${file}:${failure.line}`;
  const body = [`${place}: ${failure.statement ?? ""}`, failure.message].join("\n");
  const output =
    failure.console.length === 0 ? "" : `      <system-out>${escape(failure.console.join("\n"))}</system-out>\n`;
  return `${head}>\n      <${kind} type="${failure.code}" message="${escape(failure.message)}">${escape(body)}</${kind}>\n${output}    </testcase>\n`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML 1.0 has no place for most control characters, not even escaped; a board can print them. */
const escape = (text: string): string =>
  text
    .replaceAll(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu, "\ufffd")
    .replaceAll(/[&<>"]/g, (letter) => entities[letter] ?? letter)
    .replaceAll("\n", "&#10;");
