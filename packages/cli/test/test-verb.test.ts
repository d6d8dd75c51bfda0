import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder, eventsOf, run } from "./_run.ts";

/** A project of a person: a lamp with a button, MQTT, and whatever scenarios a test gives it. */
function lampProject(tests: Readonly<Record<string, string>>): ReturnType<typeof tempFolder> {
  return tempFolder({
    "espx.yaml": "fleet: home\n",
    "manifests/lamp.yaml": `profile: lamp
modules: [log, net, mqtt]
files: [main.py]
config:
  pin: {type: int, default: 5, min: 0, max: 39}
  startdelay: {type: number, unit: s, default: 0, min: 0, max: 600}
`,
    "profiles/lamp/main.py": `from machine import Pin

from espx.component import Component
from espx.nvram import NVRAM
from espx.topics import Command, Publisher


class Lamp(Component):
    name = "lamp"
    needs = ("log",)

    def start(self, ctx):
        self.lamp = Pin(ctx.config.integer("pin", 5, 0, 39), Pin.OUT, value=0)
        self.button = Pin(4, Pin.IN, Pin.PULL_UP)
        self.nvram = NVRAM("lamp")
        self.switched = self.nvram.get_int("switched") or 0
        self.state = Publisher("Lamp", lambda: str(self.lamp.value()), 100, 1800000)
        self.topics = [self.state, Publisher("Switched", lambda: str(self.switched), 100, 1800000)]
        self.commands = [Command("Lamp", self.switch), Command("Break", self.break_down)]
        ctx.loop.recurring("button", lambda _: self.button.value() or self.switch("1"), 100)

    def switch(self, text):
        if text == "1" and not self.lamp.value():
            self.switched += 1
            self.nvram.set_int("switched", self.switched)
        self.lamp.value(int(text))

    def break_down(self, text):
        raise RuntimeError(text)


components = [Lamp()]
`,
    ...Object.fromEntries(Object.entries(tests).map(([name, text]) => [`profiles/lamp/tests/${name}`, text])),
  });
}

const passing = "start\nexpect mqtt Lamp 0 within 1 min\n";
const failing = "start\nexpect online within 1 min\nexpect mqtt Lamp 1 within 2 s\n";

interface ScenarioEvent {
  readonly name: string;
  readonly passed: boolean;
  readonly virtualMs: number;
  readonly failure: { readonly line: number; readonly seen: string; readonly console: readonly string[] } | null;
}

const scenarios = (result: Awaited<ReturnType<typeof run>>): readonly ScenarioEvent[] =>
  eventsOf(result)
    .filter(({ kind }) => kind === "scenario")
    .map(({ data }) => data);

test(
  "a scenario drives pins, messages, power, network and files of a person's own profile",
  { timeout: 120_000 },
  async () => {
    await using project = await lampProject({
      "all.scenario": `config pin 12
config mqttname shed
nvs lamp switched i32 41
file /state/note.txt "hello there"
start
expect online within 1 min
expect mqtt Switched 41 within 5 s
expect mqtt stat/shed/Lamp 0
pin 4 0
expect pin 12 1 within 1 s
pin 4 1
expect mqtt Switched 42 within 1 s
expect nvs lamp switched i32 42
publish Lamp 0
expect pin 12 0 within 1 s
expect no pin 12 for 10 s
forget mqtt
expect no mqtt Lamp for 5 s
expect file /state/note.txt contains hello
expect no file /state/other.txt
broker close
expect offline within 2 min
broker normal
expect online within 2 min
link-loss 5 s
dns fails
dns works
wifi-password wrong
wifi-password right
access-point down
expect offline within 4 min
access-point up
expect online within 4 min
publish Break "on purpose"
expect boots 2 within 10 s
expect console "RuntimeError: on purpose"
expect boot hard
power cycle
expect boot power-on
reset
expect boots 4
expect console mqtt: connect -> connected within 1 min
forget console
expect no console Traceback for 10 s
expect mqtt Switched between 40 and 50 within 1 min
expect no boot for 10 min
`,
    });
    const result = await run(["test", "lamp"], { cwd: project.path });
    expect(result.stdout).toMatch(/^✓ lamp\/all {2}\d/);
    expect(result.code, result.stdout + result.stderr).toBe(0);
  },
);

test("a scenario that fails names its line, what it expected and saw, and the console; the exit code is 7", async () => {
  await using project = await lampProject({ "dark.scenario": failing });
  const result = await run(["test", "lamp"], { cwd: project.path });
  const lines = result.stdout.split("\n");
  expect(lines[0]).toMatch(/^✗ lamp\/dark {2}/);
  expect(lines.slice(1, 5)).toEqual([
    "  at profiles/lamp/tests/dark.scenario:3: expect mqtt Lamp 1 within 2 s",
    '  expected stat/lamp/Lamp says "1" within 2 s',
    '  seen     "0"',
    "  the console said last:",
  ]);
  expect(lines).toContain("  | mqtt: connect -> connected");
  expect(lines.length).toBeLessThanOrEqual(27);
  expect(result.stderr).toContain("espx test: 0 of 1 passed\n");
  expect(result.stderr).toContain("(cli/expectation-failed)");
  expect(result.code).toBe(7);
});

test("when some pass and some fail the exit code is 9, and the report for CI has all", async () => {
  await using project = await lampProject({
    "a.scenario": passing,
    "b.scenario": failing,
    "c.test.mjs":
      'export const scenarios = { "<breaks>": async ({ board }) => { await board.start(); throw new Error("a & b"); } };\n',
  });
  const result = await run(["test", "--json", "--junit", "out/report.xml"], { cwd: project.path });
  expect(result.code).toBe(9);
  expect(scenarios(result).map(({ name, passed }) => [name, passed])).toEqual([
    ["a", true],
    ["b", false],
    ["c: <breaks>", false],
  ]);
  const xml = await readFile(join(project.path, "out", "report.xml"), "utf8");
  expect(xml).toMatch(
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites tests="3" failures="1" errors="1" time="\d+\.\d{3}">\n/,
  );
  expect(xml).toMatch(
    /<testcase classname="lamp" name="a" file="profiles\/lamp\/tests\/a.scenario" time="\d+\.\d{3}"\/>/,
  );
  expect(xml).toMatch(
    /<failure type="cli\/expectation-failed" message="expected stat\/lamp\/Lamp says &quot;1&quot; within 2 s; seen: &quot;0&quot;">/,
  );
  expect(xml).toContain('name="c: &lt;breaks&gt;"');
  expect(xml).toContain('<error type="cli/test-raised" message="Error: a &amp; b">');
  expect(xml).toContain("<system-out>");
});

test("the same seed gives the same run to the millisecond and the console line", { timeout: 120_000 }, async () => {
  await using project = await lampProject({
    "long.scenario":
      "start\naccess-point down\nadvance 5 min\naccess-point up\nexpect online within 10 min\nexpect mqtt Lamp 1\n",
  });
  const runs = [];
  for (const seed of ["5", "5", "6"]) {
    const result = await run(["test", "--json", "--seed", seed], { cwd: project.path });
    runs.push(scenarios(result).map(({ virtualMs, failure }) => ({ virtualMs, failure })));
  }
  expect(runs[0]).toEqual(runs[1]);
  expect(runs[0]).not.toEqual(runs[2]);
});

test("a wrong scenario or module is found before any board starts", async () => {
  await using project = await lampProject({ "a.scenario": passing, "z.scenario": "start\nexpect onlin\n" });
  const result = await run(["test"], { cwd: project.path });
  expect(result.stdout).toBe("");
  expect(result.stderr).toContain("at profiles/lamp/tests/z.scenario:2:8\n  2 | expect onlin\n    |        ^\n");
  expect(result.code).toBe(3);
  for (const [code, fault] of [
    ["export const x = 1;", "exports no scenarios"],
    ["export const scenarios = { a: 1 };", 'exports a scenario "a" that is no function'],
    ["export const scenarios = {", "cannot be loaded"],
  ]) {
    await using other = await lampProject({ "m.test.mjs": `${code}\n` });
    const bad = await run(["test"], { cwd: other.path });
    expect(bad.stderr).toContain(`profiles/lamp/tests/m.test.mjs ${fault}`);
    expect(bad.code).toBe(3);
  }
});

test("a folder in the place of a scenario is said, and so is a test of nothing", async () => {
  await using project = await lampProject({ "a.scenario/x": "", "b.scenario": "# nothing\n" });
  const result = await run(["test"], { cwd: project.path });
  expect(result.stderr).toContain("cannot read the scenario");
  expect(result.code).toBe(3);
});

test("a secret of a scenario's config comes from the environment and is never shown", async () => {
  await using project = await lampProject({
    "a.scenario": "config password ${WIFI_PASSWORD}\nstart\nexpect online within 1 min\nexpect console swordfish\n",
  });
  const result = await run(["test"], { cwd: project.path, env: { WIFI_PASSWORD: "swordfish" } });
  expect(result.stdout).toContain('expected the console says a text with "********"');
  expect(result.stdout + result.stderr).not.toContain("swordfish");
  const missing = await run(["test"], { cwd: project.path });
  expect(missing.stderr).toContain("${WIFI_PASSWORD} has no value");
  expect(missing.code).toBe(3);
});

test("a config that the profile does not take is shown at the scenario's line", async () => {
  await using project = await lampProject({
    "a.scenario": "# first\nconfig pinn 3\nstart\n",
    "b.scenario": "config pin 77\nstart\n",
  });
  const result = await run(["test", "--json"], { cwd: project.path });
  const [first, second] = eventsOf(result).filter(({ kind }) => kind === "scenario") as unknown as {
    data: { failure: { code: string; message: string; line: number } };
  }[];
  expect(first?.data.failure).toMatchObject({
    code: "cli/config-key",
    message: '"pinn" is not a config key of lamp (did you mean "pin"?)',
  });
  expect(second?.data.failure).toMatchObject({ code: "cli/config-value", message: '"pin" must be at most 39, got 77' });
  expect(result.code).toBe(3);
  const shown = await run(["test", "--filter", "/a"], { cwd: project.path });
  expect(shown.stderr).toContain("at profiles/lamp/tests/a.scenario:2:8\n  2 | config pinn 3\n    |        ^\n");
});

test("a script has the whole language, its own assertions, and what the board has shown", async () => {
  await using project = await lampProject({
    "script.test.mjs": `import { equal } from "node:assert";

export const scenarios = {
  "switches": async ({ board }) => {
    board.config("pin", 12);
    board.nvs("lamp", "switched", 6);
    await board.start();
    await board.expect.online({ within: "1 min" });
    await board.run("publish Lamp 1\\nexpect pin 12 1 within 1 s");
    await board.expect.mqtt("Switched", /^7$/, { within: 1000 });
    equal(board.values("Switched").at(-1), "7");
    equal(board.levels(12).length, 1);
    equal(board.name, "lamp");
  },
  "asserts in vain": async ({ board }) => {
    await board.start();
    equal(1, 2);
  },
  "sets up too late": async ({ board }) => {
    await board.start();
    board.config("pin", 3);
  },
  "never starts": () => {},
  "writes a wrong line": async ({ board }) => {
    await board.start();
    await board.run("expect nothing");
  },
};
`,
  });
  const result = await run(["test", "--json"], { cwd: project.path });
  const events = eventsOf(result).filter(({ kind }) => kind === "scenario") as unknown as {
    data: { name: string; failure: { code: string; line: number | null; statement: string | null } | null };
  }[];
  expect(events.map(({ data: { name, failure } }) => [name, failure?.code, failure?.line])).toEqual([
    ["script: switches", undefined, undefined],
    ["script: asserts in vain", "cli/test-raised", 17],
    ["script: sets up too late", "cli/board-order", 21],
    ["script: never starts", "cli/expectation-failed", null],
    ["script: writes a wrong line", "cli/scenario-syntax", 26],
  ]);
  expect(events[1]?.data.failure?.statement).toBe("equal(1, 2);");
  expect(result.code).toBe(9);
});

test("where there is nothing to test, it says what to write", async () => {
  await using project = await lampProject({});
  const named = await run(["test", "lamp"], { cwd: project.path });
  expect(named.code).toBe(4);
  expect(named.stderr).toContain(
    "espx test: lamp has no scenarios\n  do this: scenarios are files such as profiles/lamp/tests/first.scenario",
  );
  const all = await run(["test"], { cwd: project.path });
  expect(all.stderr).toContain("no profile here has scenarios");
  const filtered = await run(["test", "blinky", "--filter", "nowhere"], { cwd: project.path });
  expect(filtered.stderr).toContain('no scenario has "nowhere" in its name');
  const unknown = await run(["test", "lmap"], { cwd: project.path });
  expect(unknown.stderr).toContain('there is no profile "lmap" (did you mean "lamp"?)');
});

test(
  "in an empty folder the shipped profiles are tested, and nothing is left behind",
  { timeout: 60_000 },
  async () => {
    await using folder = await tempFolder();
    const result = await run(["test"], { cwd: folder.path });
    expect(result.code, result.stdout + result.stderr).toBe(0);
    expect(result.stdout.match(/^✓ blinky\//gm)?.length).toBeGreaterThanOrEqual(8);
    expect(await readdir(folder.path)).toEqual([]);
  },
);

test("Ctrl-C ends a long wait", async () => {
  await using project = await lampProject({ "long.scenario": "start\nadvance 3000 d\n" });
  const stop = new AbortController();
  const reason = new Error("stopped");
  setTimeout(() => stop.abort(reason), 1_000);
  const startMs = Date.now();
  const result = await run(["test"], { cwd: project.path, signal: stop.signal });
  expect(result.code).not.toBe(0);
  expect(result.stdout).toBe("");
  expect(Date.now() - startMs).toBeLessThan(20_000);
});

test("a report that cannot be written is said, with what to do", async () => {
  await using project = await lampProject({ "a.scenario": passing });
  await mkdir(join(project.path, "report.xml"));
  await writeFile(join(project.path, "report.xml", "x"), "");
  const result = await run(["test", "--junit", "report.xml"], { cwd: project.path });
  expect(result.stderr).toContain("cannot write report.xml");
  expect(result.code).toBe(3);
});
