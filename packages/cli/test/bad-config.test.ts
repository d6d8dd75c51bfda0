import { expect, test } from "vitest";
import { projectFiles, tempProject } from "./_project.ts";
import { run, type RunResult } from "./_run.ts";

const outside = { listPorts: () => Promise.resolve([]) };

async function deployLamp(files: Readonly<Record<string, string>>, ...argv: string[]): Promise<RunResult> {
  await using folder = await tempProject(files);
  return await run(["deploy", "lamp", ...argv, "--quiet"], { cwd: folder.path, outside });
}

const configs: readonly (readonly [string, string, string, string])[] = [
  [
    "an unknown key",
    "config.txt",
    "ssid home\nrat 2\n",
    `espx deploy: "rat" is not a config key of lamp (did you mean "rate"?)
  at config.txt:2:1
  2 | rat 2
    | ^
  do this: the keys are pin, rate, pause, mode, `,
  ],
  [
    "a wrong type",
    "config.txt",
    "ssid home\npin D2\n",
    `espx deploy: "pin" must be a whole number, got "D2"
  at config.txt:2:5
  2 | pin D2
    |     ^
  do this: for example: pin 2
  (cli/config-value)
`,
  ],
  [
    "a value out of range",
    "config.yaml",
    "ssid: home\nrate: 50\n",
    `espx deploy: "rate" must be at most 20 Hz, got 50
  at config.yaml:2:7
  2 | rate: 50
    |       ^
  do this: for example: rate 0.1
  (cli/config-value)
`,
  ],
  [
    "a wrong unit",
    "config.txt",
    "ssid home\nrate 10 s\n",
    `espx deploy: "rate" has the unit s, expected the unit Hz
  at config.txt:2:6
  2 | rate 10 s
    |      ^
  do this: for example: rate 0.1
  (cli/config-value)
`,
  ],
  [
    "a time that is none",
    "config.txt",
    "ssid home\npause  10 apples\n",
    `espx deploy: "pause" must be a time such as 500ms, 10s, 5min or 1h, got "10 apples"
  at config.txt:2:8
  2 | pause  10 apples
    |        ^
  do this: for example: pause 10s
  (cli/config-value)
`,
  ],
  [
    "a value that is not among the choices",
    "config.txt",
    "ssid home\nmode medium\n",
    `espx deploy: "mode" must be one of slow, fast, got "medium"
  at config.txt:2:6
  2 | mode medium
    |      ^
  do this: for example: mode slow
  (cli/config-value)
`,
  ],
  [
    "a required key that is missing",
    "config.txt",
    "pin 3\n",
    `espx deploy: config.txt lacks the key "ssid", which lamp requires
  at config.txt
  do this: add a line such as: ssid text
  (cli/config-missing)
`,
  ],
  [
    "a secret without a value",
    "config.txt",
    "ssid home\npassword ${NO_SUCH_SECRET}\n",
    `espx deploy: \${NO_SUCH_SECRET} has no value
  at config.txt:2:10
  2 | password \${NO_SUCH_SECRET}
    |          ^
  do this: set NO_SUCH_SECRET in the environment, or write "NO_SUCH_SECRET: …" into espx.secrets.yaml beside espx.yaml
  (cli/secret-missing)
`,
  ],
  [
    "a key without a value",
    "config.txt",
    "ssid\n",
    `espx deploy: "ssid" has no value
  at config.txt:1:1
  1 | ssid
    | ^
  do this: for example: ssid text`,
  ],
];

test.each(configs)("a config with %s ends with exit 3 and its place", async (_, name, text, stderr) => {
  const result = await deployLamp({ [name]: text }, "--config", name);
  expect(result.code).toBe(3);
  expect(result.stderr.startsWith(stderr), result.stderr).toBe(true);
});

test("a config that does not exist ends with exit 3", async () => {
  const { code, stderr } = await deployLamp({}, "--config", "nowhere.txt");
  expect(code).toBe(3);
  expect(stderr).toContain("cannot read the config nowhere.txt");
});

test("a literal secret in a device's config in espx.yaml is refused, and not repeated", async () => {
  const files = { "espx.yaml": projectFiles["espx.yaml"].replace("${WIFI_PASSWORD}", "hunter22") };
  const { code, stderr } = await deployLamp(files, "--device", "kitchen");
  expect(code).toBe(3);
  expect(stderr).not.toContain("hunter22");
  expect(stderr).toContain("write password: ${PASSWORD} there, and PASSWORD: … in espx.secrets.yaml");
});
