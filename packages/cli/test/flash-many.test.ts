import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CanceledError, type PortInfo, type SimBoard } from "@espx/proto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, type World } from "../../sim/src/world.ts";
import type { VirtualBoardOptions } from "../../sim/src/board/board-options.ts";
import type { Terminal } from "../src/context.ts";
import { createBoardLines } from "../src/output/board-lines.ts";
import { authorityFile, startFileServer } from "./_file-server.ts";
import { firmwareFile } from "./_firmware.ts";
import { eventsOf, run, type RunResult, tempFolder } from "./_run.ts";

const names = ["ash", "beech", "cedar", "dogwood"];
let world: World;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let boards: Map<string, SimBoard>;
let opened: string[];

beforeEach(async () => {
  folder = await tempFolder({ "espx.yaml": "" });
  writeFileSync(join(folder.path, "firmware.bin"), firmwareFile("esp32"));
  world = await createWorld({ mode: "real" });
  boards = new Map();
  opened = [];
});
afterEach(async () => {
  await world.close();
  await folder[Symbol.asyncDispose]();
});

/** Four blank boards; what is said of one makes it another. */
async function fourBoards(changes: Readonly<Record<string, Partial<VirtualBoardOptions>>> = {}): Promise<void> {
  for (const name of names) {
    const board = await world.addBoard({ name, blank: true, ...changes[name] });
    boards.set(`sim:${name}`, board);
    await board.powerOn();
  }
}

function ports(): readonly PortInfo[] {
  const mine = [...boards.keys()].map((url) => ({ url, description: "virtual board", known: true }));
  const strangers = ["/dev/ttyS0", "/dev/ttyACM7"].map((url) => ({ url, description: "something else", known: false }));
  return [...strangers, ...mine];
}

function flash(
  argv: readonly string[],
  terminal?: Terminal,
  env: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<RunResult> {
  return run(["flash", ...argv], {
    cwd: folder.path,
    env: { ESPX_STATE_DIR: join(folder.path, "state"), ESPX_CACHE_DIR: join(folder.path, "cache"), ...env },
    outside: {
      listPorts: () => Promise.resolve(ports()),
      openPort: (url) => {
        opened.push(url);
        const board = boards.get(url);
        if (board === undefined) throw new Error(`${url} was opened`);
        return Promise.resolve(board.openSerial());
      },
    },
    ...(terminal === undefined ? {} : { terminal }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const answering = (answer: string, asked: string[]): Terminal => ({
  interactive: true,
  input: process.stdin,
  ask: (question) => {
    asked.push(question);
    return Promise.resolve(answer);
  },
});

test("--all on four boards, one of them broken: three done, one reported, exit 9, no other port opened", async () => {
  await fourBoards({ cedar: { chipFaults: { flashId: 0 } } });
  const result = await flash(["--image", "firmware.bin", "--all", "--yes"]);
  expect(result.code, result.stderr).toBe(9);
  for (const name of ["ash", "beech", "dogwood"])
    expect(result.stdout).toMatch(new RegExp(`^sim:${name}: flashed and verified .*MicroPython v1\\.27\\.0`, "m"));
  expect(result.stderr).toContain(
    "the layout in firmware.bin: firmware cannot come over the air: it needs two application slots",
  );
  expect(result.stdout).toContain("3 of 4 boards done\n  sim:cedar  flash/no-flash-chip\n");
  expect(result.stderr).toContain("failed sim:cedar: the flash chip does not answer (id 0x000000)\n");
  expect(result.stderr).toContain("espx flash: 1 of 4 boards failed: sim:cedar\n");
  expect(result.stderr).toContain("(cli/boards-failed)");
  expect(new Set(opened)).toEqual(new Set(boards.keys()));
  expect(
    Object.values(JSON.parse(readFileSync(join(folder.path, "state", "ports.json"), "utf8")) as object),
  ).toHaveLength(3);
});

test("as NDJSON every event tells its board, and the summary stands before the error", async () => {
  await fourBoards({ ash: { chipFaults: { secureBoot: true } } });
  const result = await flash(["--image", "firmware.bin", "--all", "--yes", "--json"]);
  const events = eventsOf(result) as unknown as readonly {
    kind: string;
    device: string | null;
    data: Record<string, unknown>;
  }[];
  expect(events.slice(-3).map(({ kind }) => kind)).toEqual(["summary", "error", "result"]);
  expect(events.find(({ kind }) => kind === "summary")?.data).toEqual({
    boards: 4,
    done: 3,
    failed: 1,
    failures: [{ name: "sim:ash", port: "sim:ash", code: "flash/secure-boot" }],
  });
  const progress = events.filter(({ kind }) => kind === "progress");
  expect(new Set(progress.map(({ device }) => device))).toEqual(new Set(["sim:beech", "sim:cedar", "sim:dogwood"]));
  expect(events.filter(({ kind }) => kind === "failed").map(({ device }) => device)).toEqual(["sim:ash"]);
});

test("--all lists the boards and asks before it touches one; a no leaves them as they are", async () => {
  await fourBoards();
  const asked: string[] = [];
  const result = await flash(["--image", "firmware.bin", "--all", "--erase"], answering("n", asked));
  expect(result.code).toBe(10);
  expect(asked).toEqual([
    "these 4 boards are reset, erased with all files, and written with firmware.bin. Go on? [y/N] ",
  ]);
  expect(result.stderr).toContain("4 boards:\n  sim:ash  virtual board\n");
  expect(opened).toEqual([]);
});

test("--all where nobody can be asked needs --yes: exit 2, nothing opened", async () => {
  await fourBoards();
  const { code, stderr } = await flash(["--image", "firmware.bin", "--all"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("(cli/answer-needed)")]);
  expect(opened).toEqual([]);
});

test("several --port are flashed at once without a question, and no other", async () => {
  await fourBoards();
  const { code, stdout } = await flash(["--image", "firmware.bin", "--port", "sim:ash", "--port", "sim:cedar"]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("2 of 2 boards done\n")]);
  expect(new Set(opened)).toEqual(new Set(["sim:ash", "sim:cedar"]));
});

test("Ctrl-C ends all of them with 130 and reports none as failed", async () => {
  await fourBoards();
  const canceled = new AbortController();
  const running = flash(["--image", "firmware.bin", "--all", "--yes", "--json"], undefined, {}, canceled.signal);
  await expect.poll(() => opened.length).toBe(4);
  canceled.abort(new CanceledError("cli/interrupted", "interrupted"));
  const result = await running;
  expect(result.code).toBe(130);
  expect(eventsOf(result).filter(({ kind }) => kind === "failed" || kind === "summary")).toEqual([]);
});

test("boards that all fail alike end with their own code", async () => {
  await fourBoards(Object.fromEntries(names.map((name) => [name, { chipFaults: { secureBoot: true } }])));
  const { code, stderr, stdout } = await flash(["--image", "firmware.bin", "--all", "--yes"]);
  expect([code, stderr]).toEqual([10, expect.stringContaining("(flash/secure-boot)")]);
  expect(stdout).toContain("0 of 4 boards done\n");
});

const wrong: readonly (readonly [string, readonly string[], number, string])[] = [
  [
    "--all with --device",
    ["--image", "firmware.bin", "--all", "--device", "kitchen"],
    2,
    "--device is one board, and several are asked for",
  ],
  ["--all with --port", ["--image", "firmware.bin", "--all", "--port", "sim:ash"], 2, "--all and --port are given"],
  ["a port twice", ["--image", "firmware.bin", "--port", "sim:ash", "--port", "sim:ash"], 2, "sim:ash is named twice"],
  [
    "a file and a board of the catalogue",
    ["--image", "firmware.bin", "--variant", "OTA", "--port", "sim:ash"],
    2,
    "--image and --variant are given",
  ],
  [
    "--all with a filter that leaves none",
    ["--image", "firmware.bin", "--all", "--filter", "vid=1", "--yes"],
    4,
    "no port fits --filter vid=1",
  ],
];
test.each(wrong)("%s is refused before a port is opened", async (_, argv, exit, message) => {
  await fourBoards();
  const { code, stderr } = await flash(argv);
  expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  expect(opened).toEqual([]);
});

/** A catalogue with one board, unpinned unless `sha256` is given. */
function catalogue(url: string, extra = ""): void {
  mkdirSync(join(folder.path, "manifests"), { recursive: true });
  const common = `chip: esp32, version: 1.27.0, address: 0x1000, url: "${url}/MY-1.27.0.bin"${extra}`;
  writeFileSync(
    join(folder.path, "manifests", "firmware.yaml"),
    `firmware: [{board: MY, flash: 4MB, ${common}}, {board: MY, variant: SMALL, flash: 2MB, ${common}}]\n`,
  );
}

test("without --image each board gets the variant of the catalogue that fits it, fetched once, and it is said why", async () => {
  await using server = await startFileServer();
  server.give("/MY-1.27.0.bin", firmwareFile("esp32"));
  catalogue(server.url, `, sha256: ${createHash("sha256").update(firmwareFile("esp32")).digest("hex")}`);
  await fourBoards();
  const { code, stderr, stdout } = await flash(["--all", "--yes"], undefined, { NODE_EXTRA_CA_CERTS: authorityFile });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("4 of 4 boards done");
  expect(stderr).toContain("MY 1.27.0, 177.6 KB from localhost");
  expect(stderr).toContain("the chip has 4 MB of flash and no PSRAM of its own\n");
  expect(stderr).toContain("firmware cannot come over the air");
  expect(server.asked).toEqual(["/MY-1.27.0.bin"]);
});

test("unpinned firmware is asked for once, also for several boards, and a no leaves them running", async () => {
  await using server = await startFileServer();
  server.give("/MY-1.27.0.bin", firmwareFile("esp32"));
  catalogue(server.url);
  await fourBoards({ ash: { blank: false } });
  const asked: string[] = [];
  const { code } = await flash(["--port", "sim:ash"], answering("n", asked), { NODE_EXTRA_CA_CERTS: authorityFile });
  expect(code).toBe(10);
  expect(asked).toHaveLength(1);
  expect(server.asked).toEqual([]);
  const both = await flash(["--port", "sim:ash", "--port", "sim:beech"], answering("y", asked), {
    NODE_EXTRA_CA_CERTS: authorityFile,
  });
  expect([both.code, both.stderr]).toEqual([0, expect.any(String)]);
  expect(asked).toHaveLength(2);
  expect(readFileSync(join(folder.path, "espx.lock"), "utf8")).toContain(`${server.url}/MY-1.27.0.bin`);
});

test("--dry-run fetches nothing that is not pinned, and locks nothing", async () => {
  await using server = await startFileServer();
  server.give("/MY-1.27.0.bin", firmwareFile("esp32"));
  catalogue(server.url);
  await fourBoards();
  const env = { NODE_EXTRA_CA_CERTS: authorityFile };
  const dry = await flash(["--port", "sim:ash", "--dry-run", "--yes"], undefined, env);
  expect([dry.code, dry.stderr]).toEqual([
    10,
    expect.stringContaining("fetch it first: espx firmware fetch MY --release 1.27.0"),
  ]);
  expect([server.asked, existsSync(join(folder.path, "espx.lock"))]).toEqual([[], false]);
});

test("a device gets the firmware that its profile's manifest asks for", async () => {
  catalogue("https://localhost:1");
  await fourBoards();
  const profile = (firmware: string): void => {
    writeFileSync(join(folder.path, "espx.yaml"), "devices: {kitchen: {port: sim:ash, profile: lamp}}\n");
    writeFileSync(
      join(folder.path, "manifests", "lamp.yaml"),
      `profile: lamp\nfirmware: {${firmware}}\nfiles: [main.py]\n`,
    );
  };
  profile('board: MY, variant: SMALL, version: ">=1.24"');
  const small = await flash(["--device", "kitchen", "--locked"]);
  expect([small.code, small.stderr]).toEqual([10, expect.stringContaining("no SHA-256 of MY-SMALL 1.27.0 is known")]);
  profile('board: MY, version: ">=2"');
  const newer = await flash(["--device", "kitchen", "--locked"]);
  expect([newer.code, newer.stderr]).toEqual([
    4,
    expect.stringContaining("the profile takes MY >=2.0.0, the catalogue has 1.27.0"),
  ]);
  profile("board: OTHER");
  const named = await flash(["--device", "kitchen", "--locked", "--board", "MY"]);
  expect([named.code, named.stderr]).toEqual([10, expect.stringContaining("no SHA-256 of MY 1.27.0 is known")]);
});

test("--locked refuses unpinned firmware, and a chip that nothing fits is refused", async () => {
  catalogue("https://localhost:1");
  await fourBoards({ beech: { chipFlashBytes: 1024 * 1024 } });
  const locked = await flash(["--port", "sim:ash", "--locked", "--yes"]);
  expect([locked.code, locked.stderr]).toEqual([10, expect.stringContaining("(cli/firmware-unpinned)")]);
  const small = await flash(["--port", "sim:beech", "--board", "MY", "--yes"]);
  expect([small.code, small.stderr]).toEqual([10, expect.stringContaining("needs 4 MB of flash, the chip has 1 MB")]);
});

test("progress of several boards is one line each, redrawn in place and taken away at the end", () => {
  const written: string[] = [];
  let nowMs = 0;
  const lines = createBoardLines((text) => void written.push(text), { now: () => nowMs, width: 80 });
  const at = (doneBytes: number): Parameters<typeof lines.update>[1] => ({
    task: "writing",
    doneBytes,
    totalBytes: 1000,
    path: null,
  });
  lines.update("sim:a", at(100));
  lines.update("sim:board", at(200));
  nowMs += 50;
  lines.update("sim:a", at(150));
  expect(written.join("")).not.toContain("15 %");
  nowMs += 100;
  lines.update("sim:a", at(300));
  const last = written.join("").split("\u001B[2A\u001B[0J").at(-1) ?? "";
  expect(last.split("\n")).toEqual([
    expect.stringMatching(/^sim:a {6}writing .* 30 % {2}300 B of 1000 B/),
    expect.stringMatching(/^sim:board {2}writing .* 20 % {2}200 B of 1000 B/),
    "",
  ]);
  lines.finish("sim:a");
  lines.finish("sim:board");
  expect(written.at(-1)).toBe("\u001B[1A\u001B[0J");
});
