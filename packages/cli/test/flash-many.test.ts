import { readFileSync } from "node:fs";
import { CanceledError } from "@espx/proto";
import { expect, test } from "vitest";
import { createBoardLines } from "../src/output/board-lines.ts";
import { answering, boardNames, FlashBoards } from "./_flash-boards.ts";
import { eventsOf } from "./_run.ts";

test("--all on four boards, one of them broken: three done, one reported, exit 9, no other port opened", async () => {
  await using fixture = await FlashBoards.start({ cedar: { chipFaults: { flashId: 0 } } });
  const result = await fixture.flash(["--image", "firmware.bin", "--all", "--yes"]);
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
  expect(new Set(fixture.opened)).toEqual(new Set(fixture.boards.keys()));
  expect(Object.values(JSON.parse(readFileSync(fixture.path("state/ports.json"), "utf8")) as object)).toHaveLength(3);
});

test("as NDJSON every event tells its board, and the summary stands before the error", async () => {
  await using fixture = await FlashBoards.start({ ash: { chipFaults: { secureBoot: true } } });
  const result = await fixture.flash(["--image", "firmware.bin", "--all", "--yes", "--json"]);
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
  await using fixture = await FlashBoards.start();
  const asked: string[] = [];
  const result = await fixture.flash(["--image", "firmware.bin", "--all", "--erase"], {
    terminal: answering("n", asked),
  });
  expect(result.code).toBe(10);
  expect(asked).toEqual([
    "these 4 boards are reset, erased with all files, and written with firmware.bin. Go on? [y/N] ",
  ]);
  expect(result.stderr).toContain("4 boards:\n  sim:ash  virtual board\n");
  expect(fixture.opened).toEqual([]);
});

test("--all where nobody can be asked needs --yes: exit 2, nothing opened", async () => {
  await using fixture = await FlashBoards.start();
  const { code, stderr } = await fixture.flash(["--image", "firmware.bin", "--all"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("(cli/answer-needed)")]);
  expect(fixture.opened).toEqual([]);
});

test("several --port are flashed at once without a question, and no other", async () => {
  await using fixture = await FlashBoards.start();
  const { code, stdout } = await fixture.flash(["--image", "firmware.bin", "--port", "sim:ash", "--port", "sim:cedar"]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("2 of 2 boards done\n")]);
  expect(new Set(fixture.opened)).toEqual(new Set(["sim:ash", "sim:cedar"]));
});

test("Ctrl-C ends all of them with 130 and reports none as failed", async () => {
  await using fixture = await FlashBoards.start();
  const canceled = new AbortController();
  const running = fixture.flash(["--image", "firmware.bin", "--all", "--yes", "--json"], { signal: canceled.signal });
  await expect.poll(() => fixture.opened.length).toBe(4);
  canceled.abort(new CanceledError("cli/interrupted", "interrupted"));
  const result = await running;
  expect(result.code).toBe(130);
  expect(eventsOf(result).filter(({ kind }) => kind === "failed" || kind === "summary")).toEqual([]);
});

test("boards that all fail alike end with their own code", async () => {
  await using fixture = await FlashBoards.start(
    Object.fromEntries(boardNames.map((name) => [name, { chipFaults: { secureBoot: true } }])),
  );
  const { code, stderr, stdout } = await fixture.flash(["--image", "firmware.bin", "--all", "--yes"]);
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
  await using fixture = await FlashBoards.start();
  const { code, stderr } = await fixture.flash(argv);
  expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  expect(fixture.opened).toEqual([]);
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
