import { join } from "node:path";
import { formatHex, LinkError, type SimBoard } from "@espx/proto";
import { createWorld, type World } from "@espx/sim";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventsOf, run, type RunResult, tempFolder } from "./_run.ts";

let world: World;
const boards = new Map<string, SimBoard>();
const opened: string[] = [];
let listed = 0;

beforeEach(async () => {
  boards.clear();
  opened.length = 0;
  listed = 0;
  world = await createWorld({ mode: "real" });
  for (const name of ["shed", "hall", "attic"]) {
    const board = await world.addBoard({ name });
    await board.powerOn();
    boards.set(`sim:${name}`, board);
  }
});

afterEach(() => world.close());

const config = "config: {ssid: (none)}";

/** A project with three devices at their boards, a fourth without a port, and one that is no business of ours. */
function project(change: Readonly<Record<string, string>> = {}): Record<string, string> {
  const id = formatHex((boards.get("sim:attic") as SimBoard).mac);
  const devices: Record<string, string> = {
    shed: `{port: "sim:shed", profile: lamp, ${config}}`,
    hall: `{port: "sim:hall", profile: lamp, ${config}}`,
    attic: `{id: ${id}, port: "sim:attic", profile: fan, ${config}}`,
    spare: `{port: "sim:spare"}`,
    ...change,
  };
  const lines = Object.entries(devices).map(([name, entry]) => `  ${name}: ${entry}`);
  const manifest = (name: string): string => `profile: ${name}\nmodules: [net]\nfiles: [main.py]\n`;
  return {
    "espx.yaml": `devices:\n${lines.join("\n")}\n`,
    "manifests/lamp.yaml": manifest("lamp"),
    "manifests/fan.yaml": manifest("fan"),
    "profiles/lamp/main.py": "components = []\n",
    "profiles/fan/main.py": "components = []\n",
  };
}

function deployAll(folder: string, ...more: string[]): Promise<RunResult> {
  return run(["deploy", "--all", "--no-wait", ...more], {
    cwd: folder,
    env: { ESPX_STATE_DIR: join(folder, "state") },
    outside: {
      async listPorts(scheme) {
        // A device with an id may be its own USB device, whose address stands in the list of this machine's ports.
        if (scheme !== "file") listed++;
        return [];
      },
      async openPort(url) {
        opened.push(url);
        const board = boards.get(url);
        if (board === undefined) throw new LinkError("port/unreachable", `nothing is at ${url}`);
        return board.openSerial();
      },
    },
  });
}

const holds = (name: string, path: string): boolean => boards.get(`sim:${name}`)?.flash.read(path) !== undefined;

test("every device gets its own profile and config at once, a line each, and nothing else is opened", async () => {
  await using folder = await tempFolder(project());
  const result = await deployAll(folder.path);
  expect(result.code, result.stderr).toBe(0);
  expect(
    result.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/-[0-9a-f]{8}.*/, ""))
      .toSorted(),
  ).toEqual(["3 of 3 boards done", "attic  fan", "hall  lamp", "shed  lamp"]);
  expect(result.stderr).toMatch(
    /^deploys to shed \(lamp, sim:shed\), hall \(lamp, sim:hall\), attic \(fan, sim:attic\)\n/,
  );
  expect(opened.toSorted()).toEqual(["sim:attic", "sim:hall", "sim:shed"]);
  expect(listed).toBe(0);
  for (const name of ["shed", "hall", "attic"]) expect(holds(name, "/a/main.py"), name).toBe(true);
  const dry = await deployAll(folder.path, "--dry-run");
  expect(dry.code, dry.stderr).toBe(0);
  expect(dry.stderr.match(/^\w+: nothing to do$/gm)).toHaveLength(3);
});

test("one that fails keeps no other from its end; the exit code is 9 and the summary names it", async () => {
  const gone = `{port: "sim:gone", profile: lamp, ${config}}`;
  const nowhere = `{profile: lamp, ${config}}`;
  await using folder = await tempFolder(project({ gone, nowhere }));
  const result = await deployAll(folder.path, "--json");
  expect(result.code, result.stdout).toBe(9);
  const events = eventsOf(result);
  const failed = events.filter((event) => event.kind === "failed").map(({ code, data }) => [data["name"], code]);
  expect(Object.fromEntries(failed)).toEqual({ gone: "port/unreachable", nowhere: "cli/port-not-found" });
  const done = events.flatMap((event) => (event.kind === "deployed" ? [String(event.device)] : []));
  expect(done.toSorted()).toEqual(["attic", "hall", "shed"]);
  expect(events.find((event) => event.kind === "summary")?.data).toMatchObject({ boards: 5, done: 3, failed: 2 });
  expect(events.at(-1)).toMatchObject({ kind: "result", code: "cli/boards-failed", data: { exit: 9 } });
  expect(listed).toBe(0);
});

test("devices of flat profiles and of slots go together", async () => {
  const flat = {
    "manifests/fan.yaml": "profile: fan\nlayout: flat\nfiles: [main.py]\n",
    "profiles/fan/main.py": "print('fan')\n",
  };
  await using folder = await tempFolder({ ...project(), ...flat });
  const result = await deployAll(folder.path);
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout).toMatch(/^attic {2}fan-[0-9a-f]{8} is in place/m);
  expect(holds("attic", "/main.py") && holds("hall", "/a/main.py")).toBe(true);
});

test("a profile narrows it down; a board that is not the named device is refused", async () => {
  await using folder = await tempFolder(
    project({ attic: `{id: 24:0a:c4:ff:ff:ff, port: "sim:attic", profile: fan, ${config}}` }),
  );
  const lamps = await deployAll(folder.path, "lamp");
  expect(lamps.code, lamps.stderr).toBe(0);
  expect(opened.toSorted()).toEqual(["sim:hall", "sim:shed"]);
  const fans = await deployAll(folder.path, "fan");
  expect(fans.code, "all failed alike: their own code").toBe(10);
  expect(fans.stderr).toContain("attic is 240ac4ffffff");
  expect(holds("attic", "/a/main.py")).toBe(false);
});

test.each([
  [
    "two devices at one port",
    { hall: `{port: "sim:shed", profile: lamp, ${config}}` },
    [],
    2,
    "shed and hall both have the port sim:shed",
  ],
  ["no device of that profile", {}, ["pump"], 4, "no device of espx.yaml has the profile pump"],
  ["a port", {}, ["--port", "sim:shed"], 2, "--all takes what espx.yaml says of each device, and no --port"],
  ["a config", {}, ["--config", "c.txt"], 2, "and no --config"],
] as const)("%s is said before any port is opened", async (_, change, more, code, message) => {
  await using folder = await tempFolder(project(change));
  const result = await deployAll(folder.path, ...more);
  expect(result.code, result.stderr).toBe(code);
  expect(result.stderr).toContain(message);
  expect(opened).toEqual([]);
});

test("a device alone needs no profile on the command line", async () => {
  await using folder = await tempFolder(project());
  const outside = { openPort: () => Promise.resolve((boards.get("sim:hall") as SimBoard).openSerial()) };
  const options = { cwd: folder.path, outside, env: { ESPX_STATE_DIR: join(folder.path, "state") } };
  const result = await run(["deploy", "--device", "hall", "--no-wait"], options);
  expect(result.code, result.stderr).toBe(0);
  expect(holds("hall", "/a/main.py")).toBe(true);
  expect((await run(["deploy", "--device", "spare"], options)).stderr).toContain(
    "espx.yaml names no profile for spare",
  );
});
