import { expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { commands } from "../src/commands/index.ts";
import { version } from "../src/version.ts";
import { eventsOf, run } from "./_run.ts";

test("the version is that of the package", async () => {
  expect(version).toBe(packageJson.version);
  expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("help names every verb", async () => {
  const { code, stdout } = await run(["--help"]);
  expect(code).toBe(0);
  for (const { name } of commands.filter((entry) => !entry.name.includes(" "))) expect(stdout).toContain(`  ${name}`);
});

test("no words at all show help", async () => {
  const { code, stdout } = await run([]);
  expect(code).toBe(0);
  expect(stdout).toContain("Usage: espx");
});

test.each(commands.map((entry) => [entry.name]))(
  "espx %s --help shows an example that begins as it must",
  async (name) => {
    const { code, stdout } = await run([...name.split(" "), "--help"]);
    expect(code).toBe(0);
    const [, examples = ""] = stdout.split("Examples:\n");
    expect(examples).toMatch(/espx \S/);
    expect(stdout).toContain(`Usage: espx ${name}`);
    for (const flag of ["--json", "--quiet", "--verbose", "--timeout"]) expect(stdout).toContain(flag);
  },
);

test.each(commands.map((entry) => [entry.name]))(
  "every flag that an example of espx %s uses is known",
  async (name) => {
    const { stdout } = await run([...name.split(" "), "--help"]);
    const [help = "", examples = ""] = stdout.split("Examples:\n");
    const own = examples.split("\n").filter((line) => line.includes(`espx ${name} `));
    const flags = own.flatMap((line) => [...line.matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag ?? ""));
    expect(flags.filter((flag) => !help.includes(flag))).toEqual([]);
  },
);

const wrong: readonly (readonly [string, readonly string[], string])[] = [
  [
    "an unknown verb",
    ["deplyo"],
    'espx: unknown command "deplyo" (did you mean deploy?)\n  do this: espx --help\n  (cli/command-unknown)\n',
  ],
  [
    "an unknown flag",
    ["deploy", "blinky", "--prot", "sim:x"],
    'espx deploy: unknown option "--prot" (did you mean --port?)\n  do this: espx deploy --help\n  (cli/flag-unknown)\n',
  ],
  [
    "a surplus argument",
    ["ports", "x"],
    'espx ports: too many arguments for "ports". Expected 0 arguments but got 1.\n  do this: espx ports --help\n  (cli/argument-surplus)\n',
  ],
  [
    "a missing argument",
    ["deploy"],
    'espx deploy: missing required argument "profile-or-folder"\n  do this: espx deploy --help\n  (cli/argument-missing)\n',
  ],
  [
    "a flag without its value",
    ["deploy", "blinky", "--port"],
    'espx deploy: option "-p, --port <url>" argument missing\n  do this: espx deploy --help\n  (cli/flag-value)\n',
  ],
  [
    "a timeout that is no time",
    ["ports", "--timeout", "soon"],
    'espx ports: --timeout takes seconds between 0 and 86400, got "soon"\n  do this: for example --timeout 60\n  (cli/flag-value)\n',
  ],
  [
    "an unknown flag of a verb below",
    ["sim", "pin", "x", "1", "--loud"],
    'espx sim pin: unknown option "--loud"\n  do this: espx sim pin --help\n  (cli/flag-unknown)\n',
  ],
];

test.each(wrong)("%s ends with exit 2 and a sentence that helps", async (_, argv, stderr) => {
  expect(await run(argv)).toEqual({ code: 2, stdout: "", stderr });
});

test("a wrong command line is reported as NDJSON when that was asked for", async () => {
  const result = await run(["deploy", "blinky", "--prot", "x", "--json"]);
  expect(result.stderr).toBe("");
  expect(eventsOf(result)).toEqual([
    {
      v: 1,
      t: "2026-01-02T03:04:05.000Z",
      kind: "error",
      verb: "deploy",
      device: null,
      code: "cli/flag-unknown",
      data: {
        class: "UsageError",
        message: 'unknown option "--prot" (did you mean --port?)',
        causes: [],
        hint: "espx deploy --help",
        exit: 2,
        details: {},
      },
    },
    {
      v: 1,
      t: "2026-01-02T03:04:05.000Z",
      kind: "result",
      verb: "deploy",
      device: null,
      code: "cli/flag-unknown",
      data: { exit: 2, data: {} },
    },
  ]);
});

test("a hyphen stands for an underscore in the names of verbs", async () => {
  const { code, stdout } = await run(["pcp-conf", "--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("/config.txt");
});
