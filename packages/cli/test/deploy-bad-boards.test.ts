import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CanceledError, type SerialLink, type SimFault, type SimSerialOptions } from "@espx/proto";
import { createWorld, type VirtualBoard, type World } from "@espx/sim";
import { afterEach, expect, test } from "vitest";
import { SeededRandom } from "../../../testsuite/fuzz/seeded-random.ts";
import { SpoiledLink } from "../../../testsuite/cable/spoiled-link.ts";
import { eventsOf, run, type RunOptions, type RunResult, tempFolder } from "./_run.ts";

let world: World;
let board: VirtualBoard;

afterEach(() => world.close());

/** A board that runs `program`. */
async function start(program = running, options: { readonly absentModules?: readonly string[] } = {}): Promise<void> {
  world = await createWorld({ mode: "real" });
  const { absentModules } = options;
  board = await world.addBoard({
    name: "shed",
    files: { "/main.py": program },
    ...(absentModules && { firmware: { absentModules } }),
  });
  await board.powerOn();
}

const running = "import time\nwhile True:\n    time.sleep(0.1)\n";

type Fault = Extract<SimFault, { kind: "serial" }>["behaviour"];
const fault = (behaviour: Fault): void => board.fault({ kind: "serial", behaviour });

interface DeployOptions extends RunOptions {
  readonly serial?: SimSerialOptions;
  readonly wrap?: (link: SerialLink) => SerialLink;
  /** Called when the board has the first of the data. */
  readonly onProgress?: () => void;
}

/** `espx deploy ./set` over one link to the board. */
function deploy(
  folder: string,
  argv: readonly string[] = [],
  { serial = {}, wrap = (link) => link, onProgress, ...options }: DeployOptions = {},
): Promise<RunResult> {
  const onOutput = (text: string): void => {
    if (text.includes('"kind":"progress"')) onProgress?.();
  };
  return run(["deploy", "./set", "--port", "sim:shed", "--json", ...argv], {
    cwd: folder,
    env: { ESPX_STATE_DIR: join(folder, "state") },
    outside: { openPort: () => Promise.resolve(wrap(board.openSerial(serial))) },
    onOutput,
    ...options,
  });
}

const data = new SeededRandom(11).bytes(120_000);
const program = "import time\nprint('the new one')\nwhile True:\n    time.sleep(0.1)\n";

/** A folder with a set whose data takes a while on its way. */
async function setFolder(content: Uint8Array = data): ReturnType<typeof tempFolder> {
  const folder = await tempFolder({ "set/main.py": program });
  await mkdir(join(folder.path, "set"), { recursive: true });
  await writeFile(join(folder.path, "set/data.bin"), content);
  return folder;
}

const lastError = (result: RunResult): { code: string | null; data: { message: string; hint: string } } =>
  eventsOf(result).findLast(({ kind }) => kind === "error") as never;
const warnings = (result: RunResult): string =>
  eventsOf(result)
    .filter(({ kind, data: { level } }) => kind === "log" && level === "warning")
    .map(({ data: { text } }) => text)
    .join("\n");

const hashOf = (bytes: Uint8Array = new Uint8Array()): string => createHash("sha256").update(bytes).digest("hex");

/** What the board holds is the set, byte for byte. */
function expectWhole(content: Uint8Array = data): void {
  expect(hashOf(board.flash.read("/data.bin"))).toBe(hashOf(content));
  expect(new TextDecoder().decode(board.flash.read("/main.py"))).toBe(program);
  expect(board.flash.files().has("/.espx-part")).toBe(false);
}

test("a board that falls silent in the middle: --timeout is kept, and how the board is left is said", async () => {
  await start();
  await using folder = await setFolder();
  expect((await deploy(folder.path, ["--dry-run"])).code).toBe(0);
  const startMs = performance.now();
  const serial = { baudRate: 115_200 };
  const silent = await deploy(folder.path, ["--timeout", "3"], { serial, onProgress: () => fault("silent") });
  expect(performance.now() - startMs).toBeLessThan(4_300);
  expect([silent.code, lastError(silent).code]).toEqual([6, "cli/timed-out"]);
  expect(warnings(silent)).toBe(
    "sim:shed: the program on the board was stopped, and could not be started again: reset the board",
  );
  fault("normal");
  const again = await deploy(folder.path);
  expect(again.code, again.stdout).toBe(0);
  expectWhole();
}, 30_000);

test("a board that is there when --timeout ends is left as it was found, soon", async () => {
  await start();
  await using folder = await setFolder();
  const startMs = performance.now();
  const ended = await deploy(folder.path, ["--timeout", "3"], { serial: { baudRate: 115_200 } });
  expect(performance.now() - startMs).toBeLessThan(5_000);
  expect([ended.code, warnings(ended)]).toEqual([6, ""]);
  const check = await deploy(folder.path, ["--check", "--verbose"]);
  expect(check.code).toBe(7);
  expect(check.stdout).toContain("the program was stopped for it");
}, 30_000);

test("a line with noise from the middle on ends the deploy with exit 6; the next one goes on there", async () => {
  await start();
  await using folder = await setFolder();
  const sentBytes = (result: RunResult): number =>
    Number(eventsOf(result).find(({ kind }) => kind === "plan")?.data["sendBytes"]);
  const serial = { baudRate: 460_800, rateless: true };
  const spoiled = await deploy(folder.path, [], { serial, onProgress: () => fault("noise") });
  expect([spoiled.code, lastError(spoiled).code]).toEqual([6, expect.stringMatching(/^serial\/(noisy-line|timeout)$/)]);
  expect(lastError(spoiled).data.hint).toMatch(/try|cable/i);
  expect(board.flash.files().has("/data.bin")).toBe(false);
  fault("normal");
  const again = await deploy(folder.path);
  expect(again.code, again.stdout).toBe(0);
  expect(sentBytes(again)).toBe(sentBytes(spoiled));
  expectWhole();
}, 60_000);

test("a line at 9600 baud is slow, and that is all", async () => {
  await start();
  await using folder = await setFolder(data.subarray(0, 1_500));
  const slow = await deploy(folder.path, [], { serial: { baudRate: 115_200, maxBaudRate: 9_600 } });
  expect(slow.code, slow.stdout).toBe(0);
  expectWhole(data.subarray(0, 1_500));
}, 60_000);

test("a console at another rate is brought back by a reset, and named where nothing can reset the board", async () => {
  await start(
    "import machine, time\ntime.sleep(0.5)\nmachine.UART(0, 9600)\nwhile True:\n    print('hello')\n    time.sleep(0.01)\n",
  );
  await using folder = await setFolder(data.subarray(0, 3_000));
  await sleep(1_000);
  const wrap = (link: SerialLink): SerialLink =>
    Object.assign(new SpoiledLink(link), { setSignals: () => Promise.resolve(false) });
  const lost = await deploy(folder.path, [], { wrap });
  expect([lost.code, lastError(lost).code]).toEqual([6, "serial/not-micropython"]);
  expect(lastError(lost).data.hint).toContain("is the speed 115200?");
  const reset = await deploy(folder.path);
  expect(reset.code, reset.stdout).toBe(0);
  expectWhole(data.subarray(0, 3_000));
}, 60_000);

test("a program that starts again and again is replaced between two starts", async () => {
  await start("import machine, time\ntime.sleep(0.2)\nmachine.reset()\n");
  await using folder = await setFolder(data.subarray(0, 3_000));
  const deployed = await deploy(folder.path);
  expect(deployed.code, deployed.stdout).toBe(0);
  expectWhole(data.subarray(0, 3_000));
}, 60_000);

test("a program that takes no Ctrl-C is named, with the way to be rid of it", async () => {
  await start("import micropython, time\nmicropython.kbd_intr(-1)\nwhile True:\n    time.sleep(1)\n");
  await using folder = await setFolder(data.subarray(0, 3_000));
  const refused = await deploy(folder.path);
  expect([refused.code, lastError(refused).code]).toEqual([6, "serial/not-micropython"]);
  expect(lastError(refused).data.hint).toContain("espx partitions erase vfs --port sim:shed");
  expect(new TextDecoder().decode(board.flash.read("/main.py"))).toContain("kbd_intr(-1)");
}, 60_000);

test("a full flash is told before anything is sent, and the program runs on", async () => {
  await start();
  await using folder = await setFolder();
  board.fault({ kind: "flash-full", freeBytes: 50_000 });
  const full = await deploy(folder.path);
  expect([full.code, lastError(full).code]).toEqual([10, "deploy/no-space"]);
  expect(lastError(full).data.message).toMatch(/needs \d+ bytes/);
  expect(eventsOf(full).filter(({ kind }) => kind === "progress")).toEqual([]);
  expect(new TextDecoder().decode(board.flash.read("/main.py"))).toBe(running);
  board.fault({ kind: "flash-full", freeBytes: null });
  expect((await deploy(folder.path)).code).toBe(0);
  expectWhole();
}, 60_000);

test("a flash that fills up on the way gives back what was begun, and names the file", async () => {
  await start();
  await using folder = await setFolder();
  const filled = await deploy(folder.path, [], {
    onProgress: () => board.fault({ kind: "flash-full", freeBytes: 10_000 }),
  });
  expect([filled.code, lastError(filled).code]).toEqual([8, "device/full"]);
  expect(lastError(filled).data.message).toContain("no room for /data.bin");
  expect([...board.flash.files().keys()]).toEqual(["/main.py"]);
  expect(new TextDecoder().decode(board.flash.read("/main.py"))).toBe(running);
}, 60_000);

test("a firmware without deflate gets everything as it is", async () => {
  await start(running, { absentModules: ["deflate"] });
  await using folder = await setFolder();
  const deployed = await deploy(folder.path);
  expect(deployed.code, deployed.stdout).toBe(0);
  expectWhole();
}, 60_000);

/** The raw REPL before MicroPython 1.14: Ctrl-E is nothing to it, and the Ctrl-A of the question enters it again. */
class OldRepl extends SpoiledLink {
  /** How often raw-paste was asked for. */
  questions = 0;

  override async write(bytes: Uint8Array): Promise<void> {
    const asks = bytes.length === 3 && bytes[0] === 5 && bytes[1] === 0x41 && bytes[2] === 1;
    if (asks) this.questions++;
    return super.write(asks ? bytes.subarray(2) : bytes);
  }
}

test("a firmware without raw-paste gets its code piece by piece, and is asked once", async () => {
  await start();
  await using folder = await setFolder();
  const links: OldRepl[] = [];
  const wrap = (link: SerialLink): SerialLink => {
    links.push(new OldRepl(link));
    return links.at(-1) as OldRepl;
  };
  const deployed = await deploy(folder.path, [], { wrap });
  expect(deployed.code, deployed.stdout).toBe(0);
  expect(links.map(({ questions }) => questions)).toEqual([1]);
  expectWhole();
}, 60_000);

test("a file that was compiled for another interpreter is refused before anything is sent", async () => {
  await start();
  await using folder = await setFolder(data.subarray(0, 3_000));
  await writeFile(join(folder.path, "set/old.mpy"), Uint8Array.of(0x4d, 5, 0, 31, 0, 0));
  const refused = await deploy(folder.path);
  expect([refused.code, lastError(refused).code]).toEqual([10, "deploy/wrong-mpy"]);
  expect(lastError(refused).data.message).toBe("/old.mpy has .mpy version 5, the board's interpreter loads version 6");
  expect([...board.flash.files().keys()]).toEqual(["/main.py"]);
  expect(new TextDecoder().decode(board.flash.read("/main.py"))).toBe(running);
}, 60_000);

test("what a deploy that was called off left half done is gone with the next one that needs nothing of it", async () => {
  await start();
  await using folder = await setFolder(data.subarray(0, 3_000));
  expect((await deploy(folder.path)).code).toBe(0);
  await writeFile(join(folder.path, "set/data.bin"), data);
  const stop = new AbortController();
  const serial = { baudRate: 115_200 };
  const canceled = await deploy(folder.path, [], {
    serial,
    signal: stop.signal,
    onProgress: () => stop.abort(calledOff),
  });
  expect([canceled.code, warnings(canceled)]).toEqual([130, ""]);
  expect(board.flash.files().has("/.espx-part")).toBe(true);
  await writeFile(join(folder.path, "set/data.bin"), data.subarray(0, 3_000));
  expect((await deploy(folder.path, ["--check"])).code).toBe(0);
  expect(board.flash.files().has("/.espx-part")).toBe(true);
  expect((await deploy(folder.path)).code).toBe(0);
  expectWhole(data.subarray(0, 3_000));
}, 60_000);

const calledOff = new CanceledError("cli/interrupted", "interrupted", { exitCode: 130 });
