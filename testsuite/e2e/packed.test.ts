import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventsOf, makeHome, simConfig, startSim } from "./_espx.ts";

const cli = fileURLToPath(new URL("../../packages/cli", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

let folder = "";
let espx = "";

function must(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/** Installs from npm's own cache; where that is empty, unpacks the tarball beside the packages of this clone. */
function install(tarball: string): void {
  const { status } = spawnSync(npm, ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: folder });
  if (status === 0) return;
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "espx"), { recursive: true });
  must("tar", ["xzf", tarball, "-C", join(modules, "espx"), "--strip-components=1"], folder);
  for (const from of [join(cli, "node_modules"), join(root, "node_modules")]) {
    for (const name of existsSync(from) ? readdirSync(from) : []) {
      if (["@espx", "espx", ".bin"].includes(name) || existsSync(join(modules, name))) continue;
      symlinkSync(join(from, name), join(modules, name), "junction");
    }
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espx-packed-"));
  const [packed] = JSON.parse(must(npm, ["pack", "--json", "--pack-destination", folder], cli)) as {
    filename: string;
  }[];
  install(join(folder, packed?.filename ?? ""));
  espx = join(folder, "node_modules", "espx", "dist", "espx.js");
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("the package that is installed in an empty folder runs the demo there", { timeout: 90_000 }, async () => {
  await using home = await makeHome(espx);
  const demo = await home.espx("demo", "--json");
  expect(demo.code, demo.stdout + demo.stderr).toBe(0);
  const events = eventsOf(demo);
  expect(events.filter((event) => event.kind === "step").map((event) => event.data["number"])).toEqual([
    1, 2, 3, 4, 5, 6, 7,
  ]);
  expect(events.filter((event) => event.kind === "shown").length).toBeGreaterThanOrEqual(9);
  expect(events.at(-1)).toMatchObject({ kind: "result", verb: "demo", data: { exit: 0, data: { steps: 7 } } });
  expect(await readdir(home.folder)).toEqual([]);
});

test("a person's own project is deployed by the installed package", { timeout: 90_000 }, async () => {
  await using home = await makeHome(espx);
  const { broker } = await startSim(home, "shed");
  await home.write({
    "espx.yaml": "devices: {shed: {port: 'sim:shed', profile: mine}}\n",
    "manifests/mine.yaml": "profile: mine\nmodules: [net, mqtt]\nfiles: [main.py]\n",
    "profiles/mine/main.py": "components = []\n",
    "config.txt": simConfig("shed", broker).replace("rate 2\n", "startdelay 0\nnetstart 0\nmqttstart 0\n"),
  });
  const deployed = await home.espx("deploy", "mine", "--device", "shed", "--config", "config.txt", "--json");
  expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
  expect(eventsOf(deployed).find((event) => event.kind === "deployed")?.data).toMatchObject({ state: "confirmed" });
});

test(
  "the installed package tests a person's own profile, and the shipped ones in an empty folder",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome(espx);
    const shipped = await home.espx("test", "--filter", "rate");
    expect(shipped.code, shipped.stdout + shipped.stderr).toBe(0);
    expect(shipped.stdout).toMatch(/^✓ blinky\/rate/);
    expect(await readdir(home.folder)).toEqual([]);
    await home.write({
      "espx.yaml": "fleet: home\n",
      "manifests/mine.yaml": "profile: mine\nmodules: [net, mqtt]\nfiles: [main.py]\n",
      "profiles/mine/main.py": "components = []\n",
      "profiles/mine/tests/up.scenario": "config startdelay 1\nstart\nexpect online within 1 min\n",
      "profiles/mine/tests/script.test.mjs":
        'export const scenarios = { up: async ({ board }) => { await board.start(); await board.expect.console("connected", { within: "1 min" }); } };\n',
      "profiles/mine/tests/never.scenario": "start\nexpect mqtt Nothing within 1 min\n",
    });
    const own = await home.espx("test", "--json", "--junit", "report.xml");
    const ended = eventsOf(own).filter((event) => event.kind === "scenario");
    expect(ended.map(({ data }) => [data["name"], data["passed"]])).toEqual([
      ["never", false],
      ["script: up", true],
      ["up", true],
    ]);
    expect(own.code).toBe(9);
    expect(await readFile(join(home.folder, "report.xml"), "utf8")).toContain('<testsuites tests="3" failures="1"');
    const size = await home.espx("size", "mine");
    expect(size.code, size.stdout + size.stderr).toBe(0);
  },
);

test("every package that the installed code imports is one that it declares", async () => {
  const dist = join(folder, "node_modules", "espx", "dist");
  const { dependencies } = JSON.parse(await readFile(join(dist, "..", "package.json"), "utf8")) as {
    dependencies: Readonly<Record<string, string>>;
  };
  const undeclared = new Set<string>();
  for (const file of (await readdir(dist)).filter((name) => /\.m?js$/.test(name))) {
    const code = await readFile(join(dist, file), "utf8");
    for (const [, specifier = ""] of code.matchAll(/(?:^import .*?from |^import |import\()\s*"([^".][^"]*)"/gm)) {
      const name = specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
      if (!specifier.startsWith("node:") && !builtinModules.includes(name) && !(name in dependencies))
        undeclared.add(name);
    }
  }
  expect([...undeclared]).toEqual([]);
});

test("the installed package holds nothing but what runs, its types and its schemas", async () => {
  const names = await readdir(join(folder, "node_modules", "espx"));
  expect(names.toSorted()).toEqual(["LICENSE", "README.md", "dist", "package.json", "schemas"]);
  const files = await readdir(join(folder, "node_modules", "espx", "dist"), { recursive: true });
  expect(files.filter((name) => /\.(map|tsbuildinfo|test\.ts)$/.test(name) || name.includes("__pycache__"))).toEqual(
    [],
  );
});

test(
  "a program in TypeScript finds the library of the installed package, with its types",
  { timeout: 60_000 },
  async () => {
    const program = `
import { FlashSession, isEspxError, openPort, RawRepl, realClock, flashTools, type SerialLink } from "espx/node";
import { WebSerialLink, webFlashTools } from "espx/browser";
const link: SerialLink = await openPort("sim:none").catch((error: unknown) => {
  if (!isEspxError(error, "port/not-found")) throw error;
  process.exit(4);
});
const repl: RawRepl = new RawRepl(link, realClock);
export const said: string = await repl.exec("print(1)");
export const session: FlashSession = await FlashSession.connect(link, realClock, { tools: flashTools });
export const inPage = [WebSerialLink, webFlashTools] as const;
`;
    await writeFile(join(folder, "program.mts"), program);
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const types = join(folder, "node_modules", "@types");
    if (!existsSync(types)) symlinkSync(join(root, "node_modules", "@types"), types, "junction");
    const options = [
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--lib",
      "esnext,dom",
      "--types",
      "node",
    ];
    must(process.execPath, [tsc, ...options, "program.mts"], folder);
    const { status, stderr } = spawnSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" });
    expect(status, stderr).toBe(4);
  },
);
