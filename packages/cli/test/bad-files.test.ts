import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestWith, projectFiles, tempProject } from "./_project.ts";
import { run, tempFolder, type RunResult } from "./_run.ts";

const outside = { listPorts: () => Promise.resolve([]) };

async function deployLamp(files: Readonly<Record<string, string>>, ...argv: string[]): Promise<RunResult> {
  await using folder = await tempProject(files);
  return await run(["deploy", "lamp", ...argv, "--quiet"], { cwd: folder.path, outside });
}

type Row = readonly [title: string, files: Readonly<Record<string, string>>, stderr: string];

const manifests: readonly Row[] = [
  [
    "a manifest that is not YAML",
    manifestWith("modules: [net]", "modules: [net"),
    `espx deploy: manifests/lamp.yaml is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
  at manifests/lamp.yaml:5:1
  5 | files: [main.py, helper.py]
    | ^
  do this: mend the line that is shown
  (cli/yaml-syntax)
`,
  ],
  [
    "an unknown key in a manifest",
    manifestWith("modules: [net]", "module: [net]"),
    `espx deploy: "module" is not a key here (did you mean "modules"?)
  at manifests/lamp.yaml:4:1
  4 | module: [net]
    | ^
  do this: the keys are profile, description, firmware, layout, modules, drivers, files, keep, compile, config
  (cli/file-key)
`,
  ],
  [
    "an unknown key of a config field",
    manifestWith("min: 0.1", "mni: 0.1"),
    `espx deploy: "mni" is not a key here (did you mean "min"?)
  at manifests/lamp.yaml:8:34
  8 |   rate: {type: number, unit: Hz, mni: 0.1, max: 20}
    |                                  ^
  do this: the keys are type, unit, required, default, secret, min, max, choices, description
  (cli/file-key)
`,
  ],
  [
    "a type that does not exist",
    manifestWith("type: int", "type: integer"),
    `espx deploy: "config.pin.type" must be one of string, int, number, bool, host, name, duration, url
  at manifests/lamp.yaml:7:15
  7 |   pin: {type: integer, default: 2, min: 0, max: 39}
    |               ^
  (cli/file-value)
`,
  ],
  [
    "a default that its own field refuses",
    manifestWith("default: 2", "default: 99"),
    `espx deploy: the default of "pin" must be at most 39, got 99
  at manifests/lamp.yaml:7:29
  7 |   pin: {type: int, default: 99, min: 0, max: 39}
    |                             ^
  (cli/file-value)
`,
  ],
  [
    "a module that does not exist",
    manifestWith("[net]", "[nett]"),
    `espx deploy: there is no module "nett" (did you mean "net"?)
  at manifests/lamp.yaml:4:11
  4 | modules: [nett]
    |           ^
  do this: the modules are core, log, net, mqtt, ota
  (cli/manifest-module)
`,
  ],
  [
    "a bad version range",
    manifestWith(">=1.24", "newest"),
    `espx deploy: "newest" is not a range of versions
  at manifests/lamp.yaml:3:43
  3 | firmware: {board: ESP32_GENERIC, version: "newest"}
    |                                           ^
  do this: for example ">=1.24" or ">=1.24 <1.28"
  (cli/manifest-version)
`,
  ],
  [
    "a file that is missing",
    manifestWith("helper.py", "helpr.py"),
    `espx deploy: the file profiles/lamp/helpr.py does not exist (did you mean "helper.py"?)
  at manifests/lamp.yaml:5:18
  5 | files: [main.py, helpr.py]
    |                  ^
  do this: create it, or take it off the list
  (cli/file-missing)
`,
  ],
  [
    "a path outside the project",
    manifestWith("helper.py", "../../../etc/hostname"),
    `espx deploy: "../../../etc/hostname" lies outside the project
  at manifests/lamp.yaml:5:18
  5 | files: [main.py, ../../../etc/hostname]
    |                  ^
  do this: copy it into the project; links out of it are not followed
  (cli/manifest-path)
`,
  ],
  [
    "a target outside the slot",
    manifestWith("helper.py", "{from: helper.py, to: ../boot.py}"),
    `espx deploy: "../boot.py" cannot be a path in a slot
  at manifests/lamp.yaml:5:18
  5 | files: [main.py, {from: helper.py, to: ../boot.py}]
    |                  ^
  do this: give a relative one: {from: x, to: lib/x.py}
  (cli/manifest-path)
`,
  ],
  [
    "two sources for one target",
    manifestWith("helper.py", "{from: helper.py, to: main.py}"),
    `espx deploy: two sources have the target main.py: profiles/lamp/main.py and profiles/lamp/helper.py
  at manifests/lamp.yaml:5:18
  5 | files: [main.py, {from: helper.py, to: main.py}]
    |                  ^
  do this: give one of them another name with {from: x, to: y}, or remove it
  (cli/manifest-duplicate)
`,
  ],
  [
    "a file of the release under keep",
    manifestWith("config:", 'keep: ["*.mpy"]\nconfig:'),
    `espx deploy: keep "*.mpy" covers helper.mpy, which the release brings
  at manifests/lamp.yaml:6:8
  6 | keep: ["*.mpy"]
    |        ^
  do this: what is kept is the program's own data: narrow the pattern
  (cli/manifest-keep)
`,
  ],
  [
    "a manifest without main.py",
    manifestWith("main.py, ", ""),
    `espx deploy: manifests/lamp.yaml brings no main.py
  at manifests/lamp.yaml:5:8
  5 | files: [helper.py]
    |        ^
  do this: add main.py to files
  (cli/manifest-main)
`,
  ],
  [
    "a manifest of another name",
    manifestWith("profile: lamp", "profile: lampe"),
    `espx deploy: "profile" must be lamp as the file is called, got lampe
  at manifests/lamp.yaml:1:10
  1 | profile: lampe
    |          ^
  (cli/file-value)
`,
  ],
  [
    "a .py file with a syntax error",
    { "profiles/lamp/helper.py": "def run():\n    print('on'\n\nrun()\n" },
    `espx deploy: profiles/lamp/helper.py is not Python that MicroPython compiles: SyntaxError: invalid syntax
  at profiles/lamp/helper.py:4:1
  4 | run()
    | ^
  do this: mend the line that is shown; nothing was sent
  (cli/python-syntax)
`,
  ],
  [
    "a main.py with a syntax error, which is not compiled",
    { "profiles/lamp/main.py": "import helper\ndef f(:\n    helper.run()\n" },
    `espx deploy: profiles/lamp/main.py is not Python that MicroPython compiles: SyntaxError: invalid syntax
  at profiles/lamp/main.py:2:1
  2 | def f(:
    | ^
  do this: mend the line that is shown; nothing was sent
  (cli/python-syntax)
`,
  ],
  [
    "an espx.yaml with an unknown key",
    { "espx.yaml": "brokr: {url: mqtt://x}\n" },
    `espx deploy: "brokr" is not a key here (did you mean "broker"?)
  at espx.yaml:1:1
  1 | brokr: {url: mqtt://x}
    | ^
  do this: the keys are broker, fleet, devices
  (cli/file-key)
`,
  ],
  [
    "a broker's password in espx.yaml itself",
    { "espx.yaml": "broker:\n  url: mqtt://x\n  password: hunter22\n" },
    `espx deploy: the broker's password stands in espx.yaml itself
  at espx.yaml:3:13
  3 |   password: ********
    |             ^
  do this: write password: \${MQTT_PASSWORD} there, and MQTT_PASSWORD: … in espx.secrets.yaml, which belongs in .gitignore
  (cli/secret-literal)
`,
  ],
  [
    "a device with an id that is no MAC address",
    { "espx.yaml": projectFiles["espx.yaml"].replace("24:0a:c4:00:00:01", "24:0a") },
    `espx deploy: "devices.kitchen.id" must be a MAC address of 12 hexadecimal digits
  at espx.yaml:4:9
  4 |     id: 24:0a
    |         ^
  (cli/file-value)
`,
  ],
];

test.each(manifests)("%s ends with exit 3, its place and a sentence that helps", async (_, files, stderr) => {
  expect(await deployLamp(files)).toEqual({ code: 3, stdout: "", stderr });
});

test("a link out of the project is not followed", async () => {
  await using folder = await tempProject(manifestWith("helper.py", "link.py"));
  await using elsewhere = await tempFolder({ "secret.py": "x = 1\n" });
  await symlink(join(elsewhere.path, "secret.py"), join(folder.path, "profiles/lamp/link.py"));
  const { code, stderr } = await run(["deploy", "lamp"], { cwd: folder.path, outside });
  expect(code).toBe(3);
  expect(stderr).toContain('"link.py" lies outside the project');
});

test("an unknown profile ends with exit 4 and the nearest name", async () => {
  await using folder = await tempProject();
  const { code, stderr } = await run(["deploy", "lmap"], { cwd: folder.path, outside });
  expect(code).toBe(4);
  expect(stderr).toContain('espx deploy: there is no profile "lmap" (did you mean "lamp"?)');
  expect(stderr).toContain(
    "do this: the profiles are lamp, blinky; your own one needs espx.yaml, manifests/lmap.yaml and profiles/lmap/ in one folder",
  );
});

test("an unknown device ends with exit 4 and the nearest name", async () => {
  const { code, stderr } = await deployLamp({}, "--device", "kitchn");
  expect(code).toBe(4);
  expect(stderr).toContain('espx deploy: espx.yaml has no device "kitchn" (did you mean "kitchen"?)');
});

test("no port at all ends with exit 4 and a way on", async () => {
  const { code, stderr } = await deployLamp({ "config.txt": "ssid home\n" }, "--config", "config.txt");
  expect(code).toBe(4);
  expect(stderr).toBe(`espx deploy: no port with a board is there
  do this: plug a board in, or start a virtual one: espx sim kitchen, then --port sim:kitchen
  (cli/port-not-found)
`);
});

test("several known ports end with exit 4 and their list, and none is opened", async () => {
  await using folder = await tempProject({ "config.txt": "ssid home\n" });
  const opened: string[] = [];
  const ports = ["/dev/ttyUSB0", "/dev/ttyUSB1"].map((url) => ({ url, description: "", known: true }));
  const { code, stderr } = await run(["deploy", "lamp", "--config", "config.txt", "--quiet"], {
    cwd: folder.path,
    outside: {
      listPorts: () => Promise.resolve(ports),
      openPort: (url) => {
        opened.push(url);
        throw new Error("opened");
      },
    },
  });
  expect(code).toBe(4);
  expect(stderr).toContain(
    "espx deploy: 2 ports may have the board\n  do this: name one with --port: /dev/ttyUSB0, /dev/ttyUSB1\n",
  );
  expect(opened).toEqual([]);
});
