import type { SlotRecord } from "@espx/proto";
import { describe, expect, test } from "vitest";
import { afterSteps, plan } from "../src/index.ts";
import type { Policy } from "../src/index.ts";
import { BoardModel, bytesOf, hex, planOf, refusalOf, release } from "./board-model.ts";

const policy: Policy = { replaceForeign: false, state: "trial" };
const confirmed = (change: Partial<SlotRecord> = {}): SlotRecord => ({
  count: 1,
  slot: "a",
  state: "confirmed",
  attemptsLeft: 0,
  config: null,
  previous: null,
  floor: 7,
  ...change,
});

/** A board that took `wanted` and confirmed it. */
async function boardWith(options: Parameters<typeof release>[0]): Promise<BoardModel> {
  const board = new BoardModel();
  for (const step of planOf(plan(await release(options), board.inventory(), policy)).steps) board.apply(step);
  const { record } = board.newest() as { record: SlotRecord };
  board.writeRecord({ ...record, count: record.count + 1, state: "confirmed", attemptsLeft: 0 });
  return board;
}

const kinds = (steps: readonly { kind: string; path?: string }[]): string[] =>
  steps.map((step) => (step.path === undefined ? step.kind : `${step.kind} ${step.path}`));

describe("a first deploy", () => {
  test("fills slot a, commits a trial without a way back, and brings the launcher after that", async () => {
    const steps = planOf(plan(await release({ config: "rate 1\n" }), new BoardModel().inventory(), policy)).steps;
    expect(kinds(steps)).toEqual([
      "put /a/main.py",
      "put /a/release.json",
      `put /config-${hex(bytesOf("rate 1\n")).slice(0, 8)}.txt`,
      "commit",
      "put /safe/slots.mpy",
      "put /main.py",
      "put /boot.py",
      "reset",
    ]);
    const commit = steps.find((step) => step.kind === "commit");
    expect(commit).toMatchObject({
      recordFile: 0,
      record: { count: 1, slot: "a", state: "trial", attemptsLeft: 3, previous: null },
    });
  });

  test("is refused on a board with a program of its own, which is named", async () => {
    const board = BoardModel.of({ "/main.py": "foreign program" });
    const refusal = refusalOf(plan(await release({}), board.inventory(), policy));
    expect(refusal.code).toBe("deploy/foreign-program");
    expect(refusal.message).toContain("/main.py");
  });

  test("moves a foreign program to /old under a name that is free", async () => {
    const board = BoardModel.of({
      "/main.py": "foreign program",
      "/old/main.py": "foreign, an earlier one",
      "/data.txt": "x",
    });
    const steps = planOf(plan(await release({}), board.inventory(), { ...policy, replaceForeign: true })).steps;
    for (const step of steps) board.apply(step);
    expect(board.text("/old/main-1.py")).toBe("foreign program");
    expect(board.text("/old/main.py")).toBe("foreign, an earlier one");
    expect(board.text("/data.txt")).toBe("x");
    expect(board.text("/main.py")).toBe("# ours too");
  });
});

describe("a deploy on a board that runs espx", () => {
  test("does nothing when everything is there already", async () => {
    const board = await boardWith({ config: "rate 1\n" });
    const result = planOf(plan(await release({ config: "rate 1\n" }), board.inventory(), policy));
    expect(result).toEqual({ steps: [], slot: "a", upToDate: true, sendBytes: 0 });
  });

  test("copies what is the same, sends what is not, and can go back", async () => {
    const board = await boardWith({ files: { "main.py": "1", "lib/x.py": "same" } });
    const result = planOf(
      plan(await release({ files: { "main.py": "2", "lib/x.py": "same" } }), board.inventory(), policy),
    );
    const puts = result.steps.filter((step) => step.kind === "put");
    expect(puts.map((step) => [step.path, step.source.kind])).toEqual([
      ["/b/lib/x.py", "copy"],
      ["/b/main.py", "blob"],
      ["/b/release.json", "blob"],
    ]);
    expect(result.steps.find((step) => step.kind === "commit")).toMatchObject({
      recordFile: 0,
      record: { count: 3, slot: "b", previous: { slot: "a", config: null } },
    });
  });

  test("removes what an earlier set left in the slot and keeps what fits", async () => {
    const board = await boardWith({ files: { "main.py": "1" } });
    board.files.set("/b/old.py", bytesOf("old"));
    board.files.set("/b/main.py", bytesOf("2"));
    const steps = planOf(plan(await release({ files: { "main.py": "2" } }), board.inventory(), policy)).steps;
    expect(kinds(steps)).toEqual(["remove /b/old.py", "put /b/release.json", "commit", "reset"]);
  });

  test("changes the config alone without touching the slot, and can go back to the old config", async () => {
    const board = await boardWith({ config: "rate 1\n" });
    const [before, after] = ["rate 1\n", "rate 2\n"].map((text) => hex(bytesOf(text)));
    const steps = planOf(plan(await release({ config: "rate 2\n" }), board.inventory(), policy)).steps;
    expect(kinds(steps)).toEqual([`put /config-${after?.slice(0, 8)}.txt`, "commit", "reset"]);
    expect(steps[1]).toMatchObject({ record: { slot: "a", config: after, previous: { slot: "a", config: before } } });
  });

  test("changes the launcher alone without a new record", async () => {
    const board = await boardWith({});
    const launcher = { "/boot.py": "# newer", "/main.py": "# ours too", "/safe/slots.mpy": "M\u0006slots" };
    const steps = planOf(plan(await release({ launcher }), board.inventory(), policy)).steps;
    expect(kinds(steps)).toEqual(["put /boot.py", "reset"]);
  });

  test("brings a set without config and leaves the config that the board has", async () => {
    const board = await boardWith({ config: "rate 1\n" });
    const steps = planOf(plan(await release({ files: { "main.py": "2" } }), board.inventory(), policy)).steps;
    expect(steps.find((step) => step.kind === "commit")).toMatchObject({
      record: { config: hex(bytesOf("rate 1\n")) },
    });
  });

  test("takes a config that was changed on the board by hand along under its own name", async () => {
    const board = await boardWith({ config: "rate 1\n" });
    const old = hex(bytesOf("rate 1\n"));
    board.files.set(`/config-${old.slice(0, 8)}.txt`, bytesOf("rate 5\n"));
    const steps = planOf(plan(await release({ files: { "main.py": "2" } }), board.inventory(), policy)).steps;
    const wanted = hex(bytesOf("rate 5\n"));
    expect(kinds(steps)).toContain(`put /config-${wanted.slice(0, 8)}.txt`);
    expect(steps.find((step) => step.kind === "commit")).toMatchObject({
      record: { slot: "b", config: wanted, previous: { slot: "a", config: old } },
    });
    for (const step of steps) board.apply(step);
    expect(board.files.get(`/config-${wanted.slice(0, 8)}.txt`)).toEqual(bytesOf("rate 5\n"));
  });

  test("keeps naming a config that is gone, so that the set on trial is refused and not run without one", async () => {
    const board = await boardWith({ config: "rate 1\n" });
    const old = hex(bytesOf("rate 1\n"));
    board.files.delete(`/config-${old.slice(0, 8)}.txt`);
    const steps = planOf(plan(await release({ files: { "main.py": "2" } }), board.inventory(), policy)).steps;
    expect(steps.find((step) => step.kind === "commit")).toMatchObject({ record: { config: old } });
  });

  test("removes configs that no record names, but only after the commit", async () => {
    const board = await boardWith({ config: "rate 1\n" });
    board.files.set("/config-00000000.txt", bytesOf("rate 0\n"));
    const steps = kinds(planOf(plan(await release({ config: "rate 2\n" }), board.inventory(), policy)).steps);
    expect(steps.slice(1)).toEqual(["commit", "remove /config-00000000.txt", "reset"]);
  });

  test("carries the program's own files over and never touches absolute ones", async () => {
    const keep = ["data/*.json", "/b/pinned"];
    const board = await boardWith({ keep });
    for (const [path, text] of [
      ["/a/data/x.json", "mine"],
      ["/b/data/y.json", "of an older set"],
      ["/b/pinned", "!"],
    ] as const) {
      board.files.set(path, bytesOf(text));
    }
    const steps = planOf(
      plan(await release({ files: { "main.py": "2", "data/x.json": "default" }, keep }), board.inventory(), policy),
    ).steps;
    for (const step of steps) board.apply(step);
    expect(board.text("/b/data/x.json")).toBe("mine");
    expect(board.text("/b/data/y.json")).toBeUndefined();
    expect(board.text("/b/pinned")).toBe("!");
  });

  test("gives up a trial first when the new set needs its slot", async () => {
    const board = await boardWith({});
    for (const step of planOf(plan(await release({ files: { "main.py": "2" } }), board.inventory(), policy)).steps)
      board.apply(step);
    const steps = planOf(plan(await release({ files: { "main.py": "3" } }), board.inventory(), policy)).steps;
    expect(steps[0]).toMatchObject({ kind: "commit", record: { slot: "a", state: "confirmed", previous: null } });
    expect(steps.findLast((step) => step.kind === "commit")).toMatchObject({
      record: { slot: "b", previous: { slot: "a" } },
    });
  });

  test("goes back to the set before a trial by giving the trial up", async () => {
    const board = await boardWith({});
    for (const step of planOf(plan(await release({ files: { "main.py": "2" } }), board.inventory(), policy)).steps)
      board.apply(step);
    const result = planOf(plan(await release({}), board.inventory(), policy));
    expect(kinds(result.steps)).toEqual(["commit", "reset"]);
    expect(result.slot).toBe("a");
  });

  test("starts a new trial of the same set when the old one has no start left", async () => {
    const board = await boardWith({});
    board.writeRecord(confirmed({ count: 9, state: "trial", attemptsLeft: 0 }));
    const steps = planOf(plan(await release({}), board.inventory(), policy)).steps;
    expect(steps).toMatchObject([
      { kind: "commit", record: { count: 10, slot: "a", attemptsLeft: 3 } },
      { kind: "reset" },
    ]);
  });

  test("puts a set that was placed by hand on trial, with nothing to go back to", async () => {
    const board = await boardWith({});
    board.writeRecord(confirmed({ count: 9, state: "dev", previous: { slot: "b", config: null } }));
    const steps = planOf(plan(await release({}), board.inventory(), policy)).steps;
    expect(steps).toMatchObject([{ kind: "commit", record: { state: "trial", previous: null } }, { kind: "reset" }]);
    expect(planOf(plan(await release({}), board.inventory(), { ...policy, state: "dev" })).upToDate).toBe(true);
  });

  test("goes back to the set from before the work when a set that was worked on fails its trial", async () => {
    const board = await boardWith({});
    for (const [path, bytes] of [...board.files].filter(([path]) => path.startsWith("/a/")))
      board.files.set(path.replace("/a/", "/b/"), bytes);
    board.writeRecord(confirmed({ count: 9, state: "dev", previous: { slot: "b", config: null } }));
    const steps = planOf(plan(await release({}), board.inventory(), policy)).steps;
    expect(steps[0]).toMatchObject({ record: { slot: "a", state: "trial", previous: { slot: "b" } } });
  });

  test("work at the desk begins in the other slot, then changes that one where it lies", async () => {
    const board = await boardWith({});
    const dev: Policy = { replaceForeign: false, state: "dev", inPlace: true };
    const first = planOf(plan(await release({ files: { "main.py": "2", "x.py": "x" } }), board.inventory(), dev));
    expect(first.slot).toBe("b");
    for (const step of first.steps) board.apply(step);
    expect(board.newest()?.record).toMatchObject({ slot: "b", state: "dev", previous: { slot: "a" } });
    const next = planOf(plan(await release({ files: { "main.py": "3" } }), board.inventory(), dev));
    expect(kinds(next.steps)).toEqual(["remove /b/x.py", "put /b/main.py", "put /b/release.json", "reset"]);
    expect(afterSteps(board.inventory(), next.steps).files.map((file) => file.path)).not.toContain("/b/x.py");
    for (const step of next.steps) board.apply(step);
    expect(planOf(plan(await release({ files: { "main.py": "3" } }), board.inventory(), dev)).upToDate).toBe(true);
    expect(board.text("/a/main.py")).toBe("1");
  });

  test("what steps do to an inventory is what they do to a board", async () => {
    const board = await boardWith({});
    const { steps } = planOf(plan(await release({ files: { "main.py": "2" } }), board.inventory(), policy));
    const expected = afterSteps(board.inventory(), steps);
    for (const step of steps) board.apply(step);
    const { files, ...rest } = board.inventory();
    const byPath = (list: typeof files): unknown[] =>
      list.filter(({ path }) => !path.startsWith("/state/")).toSorted((a, b) => (a.path < b.path ? -1 : 1));
    expect({ ...expected, files: byPath(expected.files) }).toEqual({ ...rest, files: byPath(files) });
  });

  test("never touches the sequence floor, and marks a set placed by hand", async () => {
    const board = await boardWith({});
    board.writeRecord(confirmed({ count: 9 }));
    const steps = planOf(
      plan(await release({ files: { "main.py": "2" } }), board.inventory(), { ...policy, state: "dev" }),
    ).steps;
    expect(steps.find((step) => step.kind === "commit")).toMatchObject({
      record: { floor: 7, state: "dev", attemptsLeft: 0 },
    });
  });
});

describe("a release that does not fit", () => {
  const compiled = { "main.py": "1", "lib/x.mpy": "M\u0006x" };

  test.each([
    ["deploy/wrong-chip", {}, { requires: { chips: ["rp2"] } }],
    ["deploy/wrong-version", { version: [1, 22, 2] as const }, {}],
    ["deploy/wrong-mpy", { mpyVersion: 7 }, {}],
    ["deploy/no-space", { freeBytes: 20_000 }, {}],
  ])("is refused with %s before anything changes", async (code, facts, change) => {
    const inventory = new BoardModel().inventory(facts);
    expect(refusalOf(plan(await release({ files: compiled }), inventory, { ...policy, ...change })).code).toBe(code);
  });

  test.each([
    ["SPIRAM", { build: "ESP32_GENERIC-SPIRAM" }, "none"],
    ["SPIRAM", { build: "ESP32_GENERIC" }, "deploy/wrong-variant"],
    ["OTA", { build: "ESP32_GENERIC-SPIRAM" }, "deploy/wrong-variant"],
    ["", { build: "ESP32_GENERIC-SPIRAM" }, "none"],
    ["SPIRAM", { board: "Generic ESP32 module with SPIRAM with ESP32" }, "none"],
    ["SPIRAM", { board: "Generic ESP32 module with ESP32" }, "deploy/wrong-variant"],
    ["OTA", { board: "Generic ESP32 module with ESP32" }, "none"],
  ])("of variant %j on a board that tells %j: %s", async (variant, facts, code) => {
    const decision = plan(await release({}), new BoardModel().inventory(facts), { ...policy, requires: { variant } });
    expect("refusal" in decision ? decision.refusal.code : "none").toBe(code);
  });

  test.each([
    ["\u0000", 10, "none"],
    ["\u002b", 10, "none"],
    ["\u002b", 11, "deploy/wrong-mpy"],
    ["\u002b", 0, "deploy/wrong-mpy"],
    ["\u002b", undefined, "none"],
  ])("with native code marked %j on a board that loads %s: %s", async (mark, arch, code) => {
    const facts = arch === undefined ? {} : { mpyArch: arch };
    const files = { "main.py": "1", "lib/n.mpy": `M\u0006${mark}x` };
    const wanted = await release({ files, launcher: { "/main.py": "# ours" } });
    const decision = plan(wanted, new BoardModel().inventory(facts), policy);
    expect("refusal" in decision ? decision.refusal.code : "none").toBe(code);
  });

  test("is told how many bytes it needs and how many there are", async () => {
    const inventory = new BoardModel().inventory({ freeBytes: 20_000 });
    const { details } = refusalOf(plan(await release({ files: compiled }), inventory, policy));
    expect(details).toEqual({ needsBytes: 6 * 4096 + 16_384, hasBytes: 20_000 });
  });

  test("counts what it removes as free", async () => {
    const board = await boardWith({});
    board.files.set("/b/big", new Uint8Array(100_000));
    const inventory = board.inventory({ freeBytes: 17_000 });
    expect(planOf(plan(await release({ files: { "main.py": "2" } }), inventory, policy)).upToDate).toBe(false);
  });
});
