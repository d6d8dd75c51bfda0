import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { decodeSlotRecord, encodeSlotRecord, SLOT_RECORD_PATHS, type SimBoard, type SlotRecord } from "@espx/proto";
import { createWorld, type World } from "@espx/sim";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SpoiledLink } from "../../../testsuite/cable/spoiled-link.ts";
import { Desk } from "./_desk.ts";
import { run, tempFolder } from "./_run.ts";

const app = (words: string): string => `from espx.component import Component
import helper


class App(Component):
    name = "app"

    def start(self, ctx):
        print("app: ${words}", helper.X)


components = [App()]
`;
const files = {
  "config.txt": "startdelay 0\n",
  "espx.yaml": "fleet: test\n",
  "manifests/app.yaml": "profile: app\nmodules: [log]\nfiles: [main.py, helper.py]\n",
  "profiles/app/main.py": app("one"),
  "profiles/app/helper.py": "X = 1\n",
  "kit/main.py": "import helper\nhelper.say()\nwhile True:\n    pass\n",
  "kit/helper.py": "def say():\n    print('kit: one')\n",
};

let world: World;
let board: SimBoard;
const boots: string[] = [];

beforeEach(async () => {
  boots.length = 0;
  world = await createWorld({ mode: "real" });
  board = await world.addBoard({ name: "shed" });
  board.onEvent((event) => {
    if (event.kind === "boot") boots.push(event.cause);
  });
  await board.powerOn();
});

afterEach(() => world.close());

/** Whoever sits before the board of this test. */
const sitAt = (folder: string, ...argv: string[]): Desk => new Desk(() => board.openSerial(), folder, argv);

const text = (path: string): string => new TextDecoder().decode(board.flash.read(path));

function record(): SlotRecord {
  const records = SLOT_RECORD_PATHS.flatMap((path) => board.flash.read(path) ?? []).map(decodeSlotRecord);
  return records.toSorted((left, right) => right.count - left.count)[0] as SlotRecord;
}

test("a folder is brought over after each save, with what the program prints", async () => {
  await using folder = await tempFolder(files);
  const desk = sitAt(folder.path, "./kit");
  expect((await desk.nth("watching", 1)).data).toMatchObject({ slot: null, files: 3 });
  await desk.prints("kit: one\n");
  await desk.save("kit/helper.py", "def say():\n    print('kit: two')\n");
  const saved = await desk.nth("saved", 1);
  expect(saved.data).toMatchObject({ paths: ["/helper.py"], sentBytes: 33 });
  expect(saved.data["durationMs"]).toBeLessThan(1_000);
  await desk.prints("kit: two\n");
  expect(boots.filter((cause) => cause !== "soft")).toEqual(["power-on"]);
  const { code, stderr } = await desk.leave();
  expect([code, stderr]).toEqual([130, ""]);
});

test("many saves at once are one transfer; a file that goes here goes there; a new one comes", async () => {
  await using folder = await tempFolder(files);
  board.flash.write("/own.txt", "the program's own");
  const desk = sitAt(folder.path, "./kit");
  await desk.nth("watching", 1);
  await desk.save("kit/new.py", "X = 5\n");
  await desk.save("kit/helper.py.part", "import new\n\n\ndef say():\n    print('kit:', new.X)\n");
  await rename(join(folder.path, "kit/helper.py.part"), join(folder.path, "kit/helper.py"));
  await desk.save("kit/.hidden", "x");
  await desk.save("kit/__notes__.md", "x");
  expect((await desk.nth("saved", 1)).data["paths"]).toEqual(["/helper.py", "/new.py"]);
  await desk.prints("kit: 5\n");
  await desk.save("kit/helper.py", "def say():\n    print('kit: six')\n");
  await rm(join(folder.path, "kit/new.py"));
  expect((await desk.nth("saved", 2)).data["paths"]).toEqual(["/helper.py", "/new.py"]);
  await desk.leave();
  expect([...board.flash.files().keys()].toSorted()).toEqual(["/helper.py", "/main.py", "/own.txt"]);
});

test("what cannot be compiled is shown at its place and not sent; tracebacks name the files here", async () => {
  await using folder = await tempFolder(files);
  const desk = sitAt(folder.path, "./kit");
  await desk.nth("watching", 1);
  await desk.save("kit/helper.py", "def say():\n  print('x'\n");
  const rejected = await desk.nth("rejected", 1);
  expect(rejected).toMatchObject({ code: "cli/python-syntax", data: { file: "kit/helper.py", class: "ConfigError" } });
  expect(rejected.data["line"]).toBeGreaterThan(1);
  expect(text("/helper.py")).toContain("kit: one");
  await desk.save("kit/helper.py", "def say():\n    raise ValueError('out of luck')\n");
  await desk.nth("saved", 1);
  await desk.prints('File "kit/helper.py", line 2, in say\nValueError: out of luck');
  await desk.save("kit/helper.py", "def say():\n    print('kit: mended')\n");
  await desk.prints("kit: mended");
  await desk.leave();
});

test("a profile is worked on in the other slot, marked dev, in place and without a trial", async () => {
  await using folder = await tempFolder(files);
  const setUp = { cwd: folder.path, outside: { openPort: () => Promise.resolve(board.openSerial()) } };
  const argv = ["deploy", "app", "--port", "sim:shed", "--config", "config.txt", "--no-wait"];
  expect((await run(argv, setUp)).code).toBe(0);
  const desk = sitAt(folder.path, "app", "--config", "config.txt");
  await desk.save("profiles/app/main.py", app("two"));
  await desk.nth("watching", 1);
  await desk.prints("app: two 1");
  const { slot, count } = record();
  expect(record()).toMatchObject({ state: "dev", attemptsLeft: 0 });
  await desk.save("profiles/app/helper.py", "X = 7\n");
  await desk.prints("app: two 7");
  const saved = desk.events("saved").at(-1);
  expect(saved?.data["paths"]).toEqual([`/${slot}/helper.mpy`, `/${slot}/release.json`]);
  expect(saved?.data["durationMs"]).toBeLessThan(1_500);
  expect(record()).toMatchObject({ slot, count, state: "dev" });
  await desk.save("profiles/app/main.py", "raise ValueError('gone wrong')\n");
  await desk.prints('File "profiles/app/main.py", line 1, in <module>');
  await desk.prints("a set in development is not started again by itself");
  const { code } = await desk.leave();
  expect(code).toBe(130);
});

test("a set that is there already stays as it is until the first save, which goes into the other slot", async () => {
  await using folder = await tempFolder(files);
  const setUp = { cwd: folder.path, outside: { openPort: () => Promise.resolve(board.openSerial()) } };
  const argv = ["deploy", "app", "--port", "sim:shed", "--config", "config.txt", "--no-wait"];
  expect((await run(argv, setUp)).code).toBe(0);
  const trial = record();
  await board.powerOff();
  board.flash.write(SLOT_RECORD_PATHS[0], encodeSlotRecord({ ...trial, state: "confirmed", attemptsLeft: 0 }));
  await board.powerOn();
  const desk = sitAt(folder.path, "app", "--config", "config.txt");
  await desk.nth("watching", 1);
  await desk.prints("app: one 1");
  expect(record()).toMatchObject({ slot: "a", state: "confirmed" });
  await desk.save("profiles/app/helper.py", "X = 3\n");
  await desk.prints("app: one 3");
  expect(record()).toMatchObject({ slot: "b", state: "dev", previous: { slot: "a" } });
  expect((await desk.leave()).code).toBe(130);
});

test("an unplugged board is waited for, and gets what was saved meanwhile", async () => {
  await using folder = await tempFolder(files);
  const desk = sitAt(folder.path, "./kit");
  await desk.nth("watching", 1);
  board.fault({ kind: "serial", behaviour: "lost" });
  await expect
    .poll(() => desk.events("log").some(({ data }) => String(data["text"]).includes("waiting for the board")))
    .toBe(true);
  await desk.save("kit/helper.py", "def say():\n    print('kit: back')\n");
  await new Promise((resolve) => setTimeout(resolve, 300));
  board.fault({ kind: "serial", behaviour: "normal" });
  await desk.prints("kit: back");
  expect((await desk.leave()).code).toBe(130);
});

test("called off in the middle of a transfer the board runs again", async () => {
  await using folder = await tempFolder(files);
  const desk = sitAt(folder.path, "./kit");
  await desk.nth("watching", 1);
  await desk.save("kit/large.txt", randomBytes(240_000).toString("base64"));
  await expect.poll(() => board.flash.journal.at(-1)?.kind === "write").toBe(true);
  let said = "";
  board.onEvent((event) => {
    if (event.kind === "console") said += new TextDecoder().decode(event.bytes);
  });
  expect((await desk.leave()).code).toBe(130);
  await expect.poll(() => said, { timeout: 5_000 }).toContain("kit: one");
});

test.each([["--check"], ["--dry-run"]])("%s and --watch exclude each other", async (flag) => {
  await using folder = await tempFolder(files);
  const result = await sitAt(folder.path, "./kit", flag).ended;
  expect(result.code).toBe(2);
});

test("a large save goes at a raised rate and deflated, a small one as it is", async () => {
  await using folder = await tempFolder(files);
  const links: SpoiledLink[] = [];
  const link = (): SpoiledLink => {
    links.push(new SpoiledLink(board.openSerial({ baudRate: 115_200 }), { kind: "uart" }));
    return links.at(-1) as SpoiledLink;
  };
  const desk = new Desk(link, folder.path, ["./kit"]);
  await desk.nth("watching", 1);
  await desk.save("kit/helper.py", "def say():\n    print('kit: two')\n");
  await desk.nth("saved", 1);
  expect(links.map(({ rates }) => rates)).toEqual([[]]);
  const sentBytes = links[0]?.sentBytes ?? 0;
  const long = `${"# the same again and again\n".repeat(1_000)}def say():\n    print('kit: three')\n`;
  await desk.save("kit/helper.py", long);
  expect((await desk.nth("saved", 2)).data["sentBytes"]).toBe(long.length);
  await desk.prints("kit: three\n");
  expect(links[0]?.rates.slice(0, 2)).toEqual([921_600, 115_200]);
  expect((links[0]?.sentBytes ?? Infinity) - sentBytes).toBeLessThan(5_000);
  await desk.leave();
  expect(text("/helper.py")).toBe(long);
});
