import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeSlotRecord, SLOT_RECORD_PATHS, type SimBoard } from "@espx/proto";
import { createWorld, type World } from "@espx/sim";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Terminal } from "../src/context.ts";
import { eventsOf, run, type RunOptions, type RunResult, tempFolder } from "./_run.ts";

const project = {
  "kit/main.py": "import helper\nhelper.say()\nwhile True:\n    pass\n",
  "kit/helper.py": "def say():\n    print('kit: one')\n",
  "kit/lib/deep/er.py": "X = 1\n",
  "kit/www/index.html": "<p>hello</p>\n",
  "kit/README.md": "# Kit\n",
  "kit/.git/config": "[core]\n",
  "kit/__pycache__/helper.pyc": "\0",
};

let world: World;
let board: SimBoard;
let said = "";
const boots: string[] = [];

beforeEach(async () => {
  said = "";
  boots.length = 0;
  world = await createWorld({ mode: "real" });
  board = await world.addBoard({ name: "shed" });
  board.onEvent((event) => {
    if (event.kind === "console") said += new TextDecoder().decode(event.bytes);
    if (event.kind === "boot") boots.push(event.cause);
  });
  await board.powerOn();
});

afterEach(() => world.close());

function deploy(folder: string, argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const outside = { openPort: () => Promise.resolve(board.openSerial()) };
  const words = ["deploy", ...argv, "--port", "sim:shed"];
  return run(words, { cwd: folder, outside, env: { ESPX_STATE_DIR: join(folder, "state") }, ...options });
}

const paths = (): readonly string[] => [...board.flash.files().keys()].toSorted();
const text = (path: string): string => new TextDecoder().decode(board.flash.read(path));
const kitPaths = ["/helper.py", "/lib/deep/er.py", "/main.py", "/www/index.html"];

function personWho(answer: string, asked: string[]): Terminal {
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { interactive: true, input: process.stdin, ask };
}

describe("a folder", () => {
  test("goes onto a board as it is, without what no board needs, and its program starts", async () => {
    await using folder = await tempFolder(project);
    const result = await deploy(folder.path, ["./kit"]);
    expect(result.code, result.stderr).toBe(0);
    expect(paths()).toEqual(kitPaths);
    expect(text("/www/index.html")).toBe("<p>hello</p>\n");
    await expect.poll(() => said).toContain("kit: one");
    expect(result.stdout).toMatch(/^kit-[0-9a-f]{8} is in place, \d+ B in /);
    expect(result.stderr).toContain("left out: .git/, README.md, __pycache__/");
  });

  test("sends only what differs, main.py last, and says when there is nothing to do", async () => {
    await using folder = await tempFolder(project);
    await deploy(folder.path, ["./kit"]);
    await expect.poll(() => said).toContain("kit: one");
    await writeFile(join(folder.path, "kit/helper.py"), "def say():\n    print('kit: two')\n");
    await writeFile(join(folder.path, "kit/main.py"), "import helper\nhelper.say()\n");
    const result = await deploy(folder.path, ["./kit", "--json"]);
    const plan = eventsOf(result).find((event) => event.kind === "plan")?.data;
    expect(plan).toMatchObject({ slot: null, steps: [{ path: "/helper.py" }, { path: "/main.py" }] });
    await expect.poll(() => said).toContain("kit: two");
    const again = await deploy(folder.path, ["./kit"]);
    expect(again.stderr).toContain("nothing to do: the board already has these files");
    expect(again.stdout).toMatch(/^kit-[0-9a-f]{8} unchanged\n$/);
    const check = await deploy(folder.path, ["./kit", "--check"]);
    expect(check.code).toBe(0);
  });

  test("starts the stopped program again also when nothing was to do, without a reset of the chip", async () => {
    await using folder = await tempFolder(project);
    await deploy(folder.path, ["./kit"]);
    await expect.poll(() => said.match(/kit: one/g)).toHaveLength(1);
    boots.length = 0;
    await deploy(folder.path, ["./kit", "--check"]);
    await expect.poll(() => said.match(/kit: one/g)).toHaveLength(2);
    expect(boots).toEqual(["soft"]);
    const third = await deploy(folder.path, ["./kit", "--check"]);
    expect(third.stderr).toContain("the program on the board was stopped; it starts anew at the end");
  });

  test("stays stopped with --no-restart", async () => {
    await using folder = await tempFolder(project);
    const result = await deploy(folder.path, ["./kit", "--no-restart"]);
    expect(result.code, result.stderr).toBe(0);
    expect(paths()).toEqual(kitPaths);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(said).not.toContain("kit: one");
  });

  test("differs for --check, and --dry-run writes nothing", async () => {
    await using folder = await tempFolder(project);
    board.flash.clearJournal();
    const dry = await deploy(folder.path, ["./kit", "--dry-run"]);
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stderr).toContain("onto the board: 4 files");
    const check = await deploy(folder.path, ["./kit", "--check"]);
    expect(check.code, check.stderr).toBe(7);
    expect(check.stderr).toContain("bring it up to date with: espx deploy ./kit --port sim:shed");
    expect(board.flash.journal).toEqual([]);
  });

  test("leaves out what .espxignore and --ignore name, and brings back what ! names", async () => {
    await using folder = await tempFolder({
      ...project,
      "kit/.espxignore": "# not for the board\nwww/\n!README.md\n/lib/deep/*.py\n",
      "kit/tests/test_x.py": "x\n",
    });
    const result = await deploy(folder.path, ["kit/", "--ignore", "tests/", "--ignore", "*.pyc"]);
    expect(result.code, result.stderr).toBe(0);
    expect(paths()).toEqual(["/README.md", "/helper.py", "/main.py"]);
  });

  test("is taken under its bare name where no profile has it, and a profile comes first", async () => {
    await using folder = await tempFolder({ ...project, "blinky/main.py": "print('mine')\n" });
    expect((await deploy(folder.path, ["kit", "--no-restart"])).code).toBe(0);
    const profile = await deploy(folder.path, ["blinky", "--dry-run"]);
    expect(profile.stderr).toContain("release blinky-");
    expect(profile.code, "blinky, the profile, needs a config").toBe(3);
    const flags = await deploy(folder.path, ["blinky", "--ignore", "x"]);
    expect(flags.code).toBe(2);
    expect(flags.stderr).toContain("espx deploy ./blinky");
  });

  test("with layout slots gets two sets, a trial and a way back", async () => {
    await using folder = await tempFolder(project);
    const result = await deploy(folder.path, ["./kit", "--layout", "slots", "--no-wait"]);
    expect(result.code, result.stderr).toBe(0);
    expect(paths()).toEqual([
      "/a/helper.py",
      "/a/lib/deep/er.py",
      "/a/main.py",
      "/a/release.json",
      "/a/www/index.html",
      "/boot.py",
      "/main.py",
      "/safe/slots.mpy",
      "/state/slot0",
    ]);
    await expect.poll(() => said, { timeout: 5_000 }).toContain("kit: one");
  });

  test("with layout slots and components brings the framework along", async () => {
    const main = "from espx.component import Component\n\ncomponents = []\n";
    await using folder = await tempFolder({ "app/main.py": main });
    const result = await deploy(folder.path, ["./app", "--layout", "slots", "--no-wait"]);
    expect(result.code, result.stderr).toBe(0);
    expect(paths()).toContain("/a/lib/espx/supervisor.mpy");
  });
});

test.each([5, 14])(
  "a power cut at flash operation %i leaves each file old or new, and the same command completes",
  async (operation) => {
    const next = Object.fromEntries(Object.entries(project).map(([path, content]) => [path, `${content}# newer\n`]));
    await using folder = await tempFolder(next);
    const old = Object.entries(project).map(([path, content]) => [path.replace("kit", ""), content] as const);
    for (const [path, content] of old.filter(([path]) => kitPaths.includes(path))) board.flash.write(path, content);
    const cut = board.cutAt(operation, 5);
    const broken = await deploy(folder.path, ["./kit", "--timeout", "2"]);
    expect(broken.code, broken.stderr).toBe(6);
    await cut;
    await board.powerOn();
    for (const path of kitPaths) {
      const before = project[`kit${path}` as keyof typeof project];
      expect([before, `${before}# newer\n`], path).toContain(text(path));
    }
    const again = await deploy(folder.path, ["./kit"]);
    expect(again.code, again.stderr).toBe(0);
    for (const path of kitPaths) expect(text(path)).toMatch(/# newer\n$/);
  },
);

describe("--prune", () => {
  const stale = { "/old.py": "1", "/lib/gone/x.py": "1", "/data/log.txt": "1", "/config.txt": "c", "/boot.py": "b=1" };

  test("lists what goes, asks, and removes nothing after a no", async () => {
    await using folder = await tempFolder(project);
    for (const [path, content] of Object.entries(stale)) board.flash.write(path, content);
    const asked: string[] = [];
    const refused = await deploy(folder.path, ["./kit", "--prune", "--keep", "data/*"], {
      terminal: personWho("n", asked),
    });
    expect(asked).toEqual(["Remove these 2 files from the board? [y/N] "]);
    expect(refused.code).toBe(10);
    expect(refused.stderr).toContain("  /lib/gone/x.py\n  /old.py\n");
    expect(paths()).toEqual(Object.keys(stale).toSorted());
    const nobody = await deploy(folder.path, ["./kit", "--prune"]);
    expect(nobody.code).toBe(2);
  });

  test("removes what the folder does not have, but not what is kept, protected or left out", async () => {
    await using folder = await tempFolder(project);
    for (const [path, content] of Object.entries({ ...stale, "/logs/1.txt": "1" })) board.flash.write(path, content);
    const result = await deploy(folder.path, ["./kit", "--prune", "--keep", "/data/*", "--ignore", "logs/", "--yes"]);
    expect(result.code, result.stderr).toBe(0);
    expect(paths()).toEqual([...kitPaths, "/boot.py", "/config.txt", "/data/log.txt", "/logs/1.txt"].toSorted());
    expect((await deploy(folder.path, ["./kit", "--prune", "--keep", "data", "--check"])).code).toBe(7);
  });
});

describe("what is wrong with a folder", () => {
  test.each([
    ["is not there", ["./kat"], 4, "there is no folder ./kat"],
    ["is no profile and no folder", ["kat"], 4, 'there is no profile "kat"'],
    ["is empty", ["./empty"], 4, "is empty"],
    ["holds nothing for a board", ["./notes"], 4, "left out: README.md"],
    ["has a syntax error", ["./broken"], 3, "broken/tools/x.py:2:"],
    ["gets a config", ["./kit", "--config", "c.txt"], 2, "--config is for layout slots"],
    ["gets a layout that is none", ["./kit", "--layout", "round"], 2, "--layout takes flat or slots"],
    ["in slots has no main.py", ["./bare", "--layout", "slots"], 3, "brings no main.py"],
    ["in slots is pruned", ["./kit", "--layout", "slots", "--prune"], 2, "--prune is for layout flat"],
    ["has a file that is too large", ["./large"], 2, "no board has room for it"],
    ["has a link that leads out", ["./linked"], 3, "out.py is a link that leads out of the folder"],
  ] as const)("%s: said before the board is touched", async (_, argv, code, message) => {
    await using folder = await tempFolder({
      ...project,
      "notes/README.md": "x",
      "broken/main.py": "x = 1\n",
      "broken/tools/x.py": "x = 1\n  y = 2\n",
      "bare/lib.py": "x = 1\n",
      "linked/main.py": "x = 1\n",
      "large/main.py": "x = 1\n",
    });
    await mkdir(join(folder.path, "empty"));
    await symlink("../kit/main.py", join(folder.path, "linked/out.py"));
    await writeFile(join(folder.path, "large/big.bin"), new Uint8Array(17 * 1024 * 1024));
    const result = await deploy(folder.path, argv);
    expect(result.code, result.stderr).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain("do this: ");
    expect(said).not.toContain("raw REPL");
  });

  test("a board with slots is asked about, and a yes leaves nothing of the launcher", async () => {
    await using folder = await tempFolder(project);
    await deploy(folder.path, ["./kit", "--layout", "slots", "--no-wait"]);
    const refused = await deploy(folder.path, ["./kit"]);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toContain("the board runs sets of files in slots, which these files would end");
    const agreed = await deploy(folder.path, ["./kit", "--yes", "--prune"]);
    expect(agreed.code, agreed.stderr).toBe(0);
    expect(paths()).toEqual(kitPaths);
  });

  test("a manifest of layout flat brings its files alone", async () => {
    const manifest = (more = ""): string =>
      `profile: tool\nlayout: flat\nfiles: [main.py, {from: helper.py, to: lib/helper.py}]\n${more}`;
    await using folder = await tempFolder({
      "espx.yaml": "fleet: x\n",
      "manifests/tool.yaml": manifest(),
      "profiles/tool/main.py": "import helper\n",
      "profiles/tool/helper.py": "print('tool: runs')\n",
    });
    const result = await deploy(folder.path, ["tool"]);
    expect(result.code, result.stderr).toBe(0);
    expect(paths()).toEqual(["/lib/helper.mpy", "/main.py"]);
    await expect.poll(() => said).toContain("tool: runs");
    await writeFile(join(folder.path, "manifests/tool.yaml"), manifest("modules: [log]\n"));
    const wrong = await deploy(folder.path, ["tool"]);
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain("manifests/tool.yaml:4:");
    const size = await run(["size", "tool"], { cwd: folder.path });
    expect(size.code).toBe(3);
  });

  test("a record that names a slot without a launcher stops nobody", async () => {
    await using folder = await tempFolder(project);
    const record = { count: 1, slot: "a", state: "confirmed", attemptsLeft: 0, config: null, previous: null, floor: 0 };
    board.flash.write(SLOT_RECORD_PATHS[0], encodeSlotRecord(record as Parameters<typeof encodeSlotRecord>[0]));
    expect((await deploy(folder.path, ["./kit"])).code).toBe(0);
  });
});
