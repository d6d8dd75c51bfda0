import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { decodeSlotRecord, encodeSlotRecord, SLOT_RECORD_PATHS, type SimBoard } from "@espx/proto";
import { createWorld, type World } from "@espx/sim";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventsOf, run, type RunResult, tempFolder } from "./_run.ts";

/** Counts on the console for as long as it runs, and keeps data of its own. */
const counter = `from espx.component import Component

class Counter(Component):
    name = "counter"

    def start(self, ctx):
        self.count = 0
        ctx.loop.recurring("count", self.tick, 20)

    def tick(self, _task):
        self.count += 1
        print("count", self.count)
        with open("data/last.txt", "w") as file:
            file.write("x" * (self.count % 50))

components = [Counter()]
`;
const files = {
  "config.txt": "startdelay 0\n",
  "espx.yaml": "fleet: test\n",
  "manifests/tally.yaml": `profile: tally\nmodules: [log]\nfiles: [main.py, helper.py]\nkeep: ["data/*"]\n`,
  "profiles/tally/main.py": counter,
  "profiles/tally/helper.py": "x = 1\n",
};

let world: World;
let board: SimBoard;
let said = "";
let boots = 0;

beforeEach(async () => {
  [said, boots] = ["", 0];
  world = await createWorld({ mode: "real" });
  board = await world.addBoard({ name: "shed" });
  board.onEvent((event) => {
    if (event.kind === "console") said += new TextDecoder().decode(event.bytes);
    if (event.kind === "boot") boots++;
  });
  await board.powerOn();
});

afterEach(() => world.close());

function onBoard(folder: string, argv: readonly string[]): Promise<RunResult> {
  const outside = { openPort: () => Promise.resolve(board.openSerial()) };
  return run(argv, { cwd: folder, outside, env: { ESPX_STATE_DIR: join(folder, "state") } });
}

const tally = (folder: string, ...more: string[]): Promise<RunResult> =>
  onBoard(folder, ["deploy", "tally", "--port", "sim:shed", "--config", "config.txt", "--json", ...more]);

/** Has the board run the profile, confirmed, without the wait for the proof. */
async function deployed(folder: string): Promise<void> {
  const result = await tally(folder, "--no-wait");
  expect(result.code, result.stdout).toBe(0);
  await board.powerOff();
  board.flash.write("/a/data/.keep", "");
  const record = decodeSlotRecord(board.flash.read(SLOT_RECORD_PATHS[0]) as Uint8Array);
  board.flash.write(SLOT_RECORD_PATHS[0], encodeSlotRecord({ ...record, state: "confirmed", attemptsLeft: 0 }));
  await board.powerOn();
  await expect.poll(() => counts().at(-1), { timeout: 10_000 }).toBeGreaterThan(2);
}

const counts = (): number[] => [...said.matchAll(/^count (\d+)\r?$/gm)].map((match) => Number(match[1]));
const kinds = (result: RunResult): string[] => eventsOf(result).map((event) => event.kind);

/** The program ran on: every number is one more than the one before. */
async function ranOn(during: () => Promise<RunResult>): Promise<RunResult> {
  said = "";
  const bootsBefore = boots;
  const result = await during();
  const atEnd = counts().at(-1) ?? 0;
  await expect.poll(() => counts().at(-1), { timeout: 10_000 }).toBeGreaterThan(atEnd + 2);
  const [first = 0] = counts();
  expect(counts()).toEqual(counts().map((_, index) => first + index));
  expect(boots).toBe(bootsBefore);
  return result;
}

test("a board that is unchanged since it was last looked at is asked, and its program runs on", async () => {
  await using folder = await tempFolder(files);
  await deployed(folder.path);
  const before = boots;
  const first = await tally(folder.path, "--check");
  expect(first.code, first.stdout).toBe(0);
  expect(kinds(first)).toContain("inventory");
  await expect.poll(() => boots).toBe(before + 1);
  await expect.poll(() => counts().at(-1), { timeout: 10_000 }).toBeGreaterThan(2);

  const checked = await ranOn(() => tally(folder.path, "--check"));
  expect(kinds(checked)).toEqual(["release", "running", "plan", "result"]);
  const again = await ranOn(() => tally(folder.path));
  expect(kinds(again)).toEqual(["release", "running", "plan", "deployed", "result"]);
  expect(eventsOf(again).at(-1)).toMatchObject({ data: { exit: 0, data: { state: "unchanged", slot: "a" } } });
});

test("--full looks at every file in any case", async () => {
  await using folder = await tempFolder(files);
  await deployed(folder.path);
  await tally(folder.path, "--check");
  await expect.poll(() => counts().at(-1), { timeout: 10_000 }).toBeGreaterThan(2);
  const full = await tally(folder.path, "--check", "--full");
  expect(full.code, full.stdout).toBe(0);
  expect(kinds(full)).toContain("inventory");
});

test("a file that another tool has changed, or another wish, has all files looked at", async () => {
  await using folder = await tempFolder(files);
  await deployed(folder.path);
  await tally(folder.path, "--check");
  await expect.poll(() => counts().at(-1), { timeout: 10_000 }).toBeGreaterThan(2);
  board.flash.write("/a/helper.mpy", new Uint8Array(board.flash.read("/a/helper.mpy") ?? []).fill(7, 20));
  const changed = await tally(folder.path, "--check");
  expect(changed.code, changed.stdout).toBe(7);
  expect(kinds(changed)).toContain("inventory");

  await writeFile(join(folder.path, "profiles/tally/helper.py"), "x = 2\n");
  const wished = await tally(folder.path, "--check");
  expect(wished.code, wished.stdout).toBe(7);
  expect(kinds(wished)).toContain("inventory");
});

test("a board where nobody has seen espx is not asked: the question would be input of its program", async () => {
  await using folder = await tempFolder(files);
  board.flash.write("/main.py", "while True:\n    print('got', repr(input()))\n");
  await board.reset();
  const result = await tally(folder.path, "--check");
  expect(result.code, result.stdout).toBe(7);
  expect(said).not.toContain("espx?");
});

test("another board at the port of a known device is refused without stopping it", async () => {
  await using folder = await tempFolder({
    ...files,
    "espx.yaml": "devices: {hall: {id: 24:0a:c4:00:00:99, port: sim:shed}}\n",
  });
  await deployed(folder.path);
  await tally(folder.path, "--check");
  await expect.poll(() => counts().at(-1), { timeout: 10_000 }).toBeGreaterThan(2);
  const wrong = await ranOn(() => tally(folder.path, "--device", "hall"));
  expect(wrong.code, wrong.stdout).toBe(10);
  expect(eventsOf(wrong).at(-1)?.code).toBe("cli/wrong-board");
  const repl = await ranOn(() => onBoard(folder.path, ["repl", "--device", "hall"]));
  expect(repl.code, repl.stderr).toBe(10);
  expect(repl.stderr).toContain("hall is 240ac4000099");
});
