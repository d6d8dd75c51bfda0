import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeviceError } from "@espx/proto";
import { expect, test } from "vitest";
import { checkValue, fieldSchema } from "../src/project/field.ts";
import { requiredChips } from "../src/project/required-chips.ts";
import { withLocalFiles } from "../src/jobs/local-traceback.ts";
import { manifestWith, tempProject } from "./_project.ts";
import { run, type RunResult } from "./_run.ts";

const outside = { listPorts: () => Promise.resolve([]) };

async function deployLamp(files: Readonly<Record<string, string>>, ...argv: string[]): Promise<RunResult> {
  await using folder = await tempProject(files);
  return await run(["deploy", "lamp", ...argv], { cwd: folder.path, outside });
}

const mistakes: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[], string])[] = [
  [
    "a section without its closing bracket",
    { "config.txt": "ssid home\n  [mqtt\npin 2\n" },
    ["--config", "config.txt"],
    `espx deploy: "[mqtt" is not a section
  at config.txt:2:3
  2 |   [mqtt
    |   ^
  do this: a section is a name in brackets on a line of its own, for example [mqtt]
  (cli/config-key)
`,
  ],
  [
    "key=value",
    { "config.txt": "ssid=home\n" },
    ["--config", "config.txt"],
    `espx deploy: "ssid=home" is not a config key of lamp
  at config.txt:1:1
  1 | ssid=home
    | ^
  do this: a line is a key, a blank, and the value, without =
  (cli/config-key)
`,
  ],
  [
    "a list for one value",
    { "config.yaml": "ssid: home\npin: [1, 2]\n" },
    ["--config", "config.yaml"],
    `espx deploy: "pin" takes one value, got a list
  at config.yaml:2:6
  2 | pin: [1, 2]
    |      ^
  do this: for example pin: value
  (cli/config-value)
`,
  ],
  [
    "a section for one value",
    { "config.yaml": "ssid: home\npin: {number: 2}\n" },
    ["--config", "config.yaml"],
    `espx deploy: "pin" takes one value, not a section of them
  at config.yaml:2:7
  2 | pin: {number: 2}
    |       ^
  do this: write it in one line, without "number"
  (cli/config-value)
`,
  ],
  [
    "an empty manifest",
    { "manifests/lamp.yaml": "" },
    [],
    `espx deploy: manifests/lamp.yaml must be a map
  at manifests/lamp.yaml:1:1
  1 | 
    | ^
  do this: its keys are profile, description, firmware, layout, modules, drivers, files, keep, compile, config
  (cli/file-value)
`,
  ],
  [
    "a device that cannot stand in a topic",
    { "espx.yaml": "devices:\n  a/b:\n    port: sim:x\n" },
    ["--device", "a/b"],
    `espx deploy: "devices.a/b" cannot name a device: a name has no / + # and no blanks
  at espx.yaml:2:3
  2 |   a/b:
    |   ^
  (cli/file-value)
`,
  ],
  [
    "a config key with a blank",
    manifestWith("pin: {type: int,", "the pin: {type: int,"),
    [],
    `espx deploy: "config.the pin" cannot be a config key: a key has no blanks and no # or [ first
  at manifests/lamp.yaml:7:3
  7 |   the pin: {type: int, default: 2, min: 0, max: 39}
    |   ^
  (cli/file-value)
`,
  ],
  [
    "a folder among the files",
    manifestWith("helper.py", "."),
    [],
    `espx deploy: profiles/lamp is a folder
  at manifests/lamp.yaml:5:18
  5 | files: [main.py, .]
    |                  ^
  do this: list its files one by one
  (cli/file-missing)
`,
  ],
  [
    "a keep that leads out of the slot",
    manifestWith("config:", "keep: [/data]\nconfig:"),
    [],
    `espx deploy: keep "/data" leads out of the slot
  at manifests/lamp.yaml:6:8
  6 | keep: [/data]
    |        ^
  do this: give it relative to the slot, for example data/*; files outside the slots are never touched
  (cli/manifest-path)
`,
  ],
];

test.each(mistakes)("%s is shown at its place with a way out", async (_, files, argv, stderr) => {
  const result = await deployLamp(files, ...argv, "--quiet");
  expect(result.stderr).toBe(stderr);
  expect(result.code).toBe(3);
});

test("a target of more characters than a module's name can have is a fault of the manifest", async () => {
  const to = `${"x".repeat(240)}.py`;
  const { code, stderr } = await deployLamp(manifestWith("helper.py", `{from: helper.py, to: ${to}}`));
  expect(code).toBe(3);
  expect(stderr).toContain("is too long for a path on a board");
  expect(stderr).toContain("(cli/manifest-path)");
});

test("a key that is given twice is told, and the later value counts", async () => {
  const { stderr } = await deployLamp({ "config.txt": "ssid home\npin 2\npin 3\n" }, "--config", "config.txt");
  expect(stderr).toContain('warning: "pin" is given again at config.txt:3; this later value counts');
});

test.each([
  ["config.txt", Buffer.from("pin 2\nssid Caf\xe9\n", "latin1"), "config.txt:2:9"],
  ["espx.yaml", Buffer.from("fleet: k\xfcche\n", "latin1"), "espx.yaml:1:9"],
  ["profiles/lamp/helper.py", Buffer.from("# \xfc\ndef run():\n    pass\n", "latin1"), "profiles/lamp/helper.py:1:3"],
])("%s in another encoding than UTF-8 is refused at the place", async (name, content, place) => {
  await using folder = await tempProject({ "config.txt": "ssid home\n" });
  await writeFile(join(folder.path, name), content);
  const { code, stderr } = await run(["deploy", "lamp", "--config", "config.txt"], { cwd: folder.path, outside });
  expect(code).toBe(3);
  expect(stderr).toContain(`${name} is not UTF-8`);
  expect(stderr).toContain(`  at ${place}\n`);
});

test("a line of a file cannot steer the terminal that shows it", async () => {
  const { stderr } = await deployLamp({ "config.txt": "\u001B[2Jssid home\n" }, "--config", "config.txt", "--quiet");
  expect(stderr).toContain("1 | \uFFFD[2Jssid home");
});

test.each([
  ["192.168.1.10", true],
  ["broker.example.org:1883", true],
  ["2001:db8::7", true],
  ["broker:0", false],
  ["broker:99999", false],
  ["broker:mqtt", false],
])("the host %s is taken: %s", (text, taken) => {
  expect("value" in checkValue(fieldSchema.parse({ type: "host" }), text)).toBe(taken);
});

test("espx help VERB shows the verb's help", async () => {
  expect(await run(["help", "deploy"])).toEqual(await run(["deploy", "--help"]));
  expect(await run(["help", "sim", "pin"])).toEqual(await run(["sim", "pin", "--help"]));
  expect(await run(["help"])).toEqual(await run(["--help"]));
});

test.each([
  [["exec", "1", "--port", ""], "port/bad-url"],
  [["cmd", "kitchen", "Rate/#", "5"], "cli/argument-value"],
  [["cmd", "kitchen", "", "5"], "cli/argument-value"],
])("espx %j is a wrong command line", async (argv, code) => {
  const result = await run(argv);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain(`(${code})`);
});

test("a traceback names local files for the program's frames, and leaves the launcher's alone", async () => {
  const files = new Map([
    ["/a/main.py", "profiles/lamp/main.py"],
    ["/b/main.py", "profiles/lamp/main.py"],
    ["helper.py", "profiles/lamp/helper.py"],
  ]);
  const text = '  File "main.py", line 62, in run\n  File "/b/main.py", line 1, in f\n  File "helper.py", line 3, in g';
  const failing = withLocalFiles(files, () => Promise.reject(new DeviceError("deploy/fell-back", text)));
  await expect(failing).rejects.toThrow(
    '  File "main.py", line 62, in run\n  File "profiles/lamp/main.py", line 1, in f\n  File "profiles/lamp/helper.py", line 3, in g',
  );
});

test.each([
  ["", undefined],
  ["ESP32_GENERIC", ["esp32"]],
  ["ESP32_GENERIC_C3", ["esp32c3"]],
  ["ESP32_GENERIC_S3", ["esp32s3"]],
  ["M5STACK_ATOM", undefined],
])("the build %j is for the chips %j", (board, chips) => {
  expect(requiredChips(board).chips).toEqual(chips);
});
