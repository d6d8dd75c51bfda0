import type { Inventory, SlotRecord, Step } from "@espx/proto";
import { describe, expect, test } from "vitest";
import { type FlatDecision, type FlatPolicy, flatRelease, planFlat } from "../src/index.ts";
import { BoardModel, bytesOf, sha256 } from "./board-model.ts";

const policy: FlatPolicy = { prune: false, protect: [], replaceSlots: false };
const record: SlotRecord = {
  count: 1,
  slot: "a",
  state: "confirmed",
  attemptsLeft: 0,
  config: null,
  previous: null,
  floor: 0,
};

type Texts = Readonly<Record<string, string>>;

async function planned(
  wanted: Texts,
  board: Texts | Inventory,
  change: Partial<FlatPolicy> = {},
): Promise<FlatDecision> {
  const files = Object.entries(wanted).map(([path, text]) => ({ path, bytes: bytesOf(text) }));
  const inventory = "id" in board ? (board as Inventory) : BoardModel.of(board as Texts).inventory();
  return planFlat(await flatRelease("kit", files, sha256), inventory, { ...policy, ...change });
}

function stepsOf(decision: FlatDecision): readonly string[] {
  if ("refusal" in decision) throw decision.refusal;
  return decision.plan.steps.map((step: Step) => ("path" in step ? `${step.kind} ${step.path}` : step.kind));
}

const codeOf = (decision: FlatDecision): string => ("refusal" in decision ? decision.refusal.code : "none");

describe("a flat plan", () => {
  test("sends what differs to its own path, main.py and boot.py last", async () => {
    const wanted = { "boot.py": "b", "main.py": "m", "lib/x.py": "x", "same.py": "s", "z.txt": "new" };
    const decision = await planned(wanted, { "/same.py": "s", "/z.txt": "old", "/other.txt": "stays" });
    expect(stepsOf(decision)).toEqual(["put /lib/x.py", "put /z.txt", "put /main.py", "put /boot.py"]);
    expect(decision).toMatchObject({ plan: { slot: null, upToDate: false, sendBytes: 6, stale: ["/other.txt"] } });
  });

  test("has nothing to do on a board that holds the set and more", async () => {
    expect(await planned({ "main.py": "m" }, { "/main.py": "m", "/data.txt": "" })).toMatchObject({
      plan: { upToDate: true, steps: [] },
    });
  });

  test("with prune removes what is not in the set, after all is there, but not what is protected", async () => {
    const board = {
      "/main.py": "old",
      "/old.py": "1",
      "/lib/old/a.py": "1",
      "/data/log.txt": "1",
      "/boot.py": "b",
      "/webrepl_cfg.py": "p",
      "/secrets.py": "p",
      "/config.txt": "c",
      "/state/x": "1",
    };
    const decision = await planned({ "main.py": "new" }, board, { prune: true, protect: ["data/*"] });
    expect(stepsOf(decision)).toEqual(["put /main.py", "remove /lib/old/a.py", "remove /old.py"]);
  });

  test("does not take a file for a folder, nor a folder for a file, unless prune may clear the way", async () => {
    const wanted = { "lib/x.py": "x", data: "d" };
    const board = { "/lib": "a file", "/data/1.txt": "in a folder" };
    const refused = await planned(wanted, board);
    expect(codeOf(refused)).toBe("deploy/in-the-way");
    expect("refusal" in refused && refused.refusal.message).toContain("/lib, /data/1.txt");
    expect(stepsOf(await planned(wanted, board, { prune: true }))).toEqual([
      "remove /lib",
      "remove /data/1.txt",
      "put /lib/x.py",
      "put /data",
    ]);
  });

  test("gives the slots of a board up only when that is agreed, and leaves nothing that would still act", async () => {
    const slots = BoardModel.of({ "/boot.py": "ours", "/main.py": "ours", "/safe/slots.mpy": "1", "/a/main.py": "1" });
    slots.writeRecord(record);
    expect(codeOf(await planned({ "main.py": "mine" }, slots.inventory()))).toBe("deploy/slots-in-use");
    expect(stepsOf(await planned({ "main.py": "mine" }, slots.inventory(), { replaceSlots: true }))).toEqual([
      "put /main.py",
      "remove /boot.py",
      "remove /safe/slots.mpy",
      "remove /state/slot0",
    ]);
    const library = await planned({ "x.py": "1" }, slots.inventory(), { replaceSlots: true, prune: true });
    expect(stepsOf(library)).toContain("remove /main.py");
    expect(stepsOf(library)).toContain("remove /a/main.py");
  });

  test("refuses compiled files of another version, another chip, and what does not fit", async () => {
    const board = new BoardModel();
    expect(codeOf(await planned({ "x.mpy": "M\u0005" }, board.inventory()))).toBe("deploy/wrong-mpy");
    const small = board.inventory({ freeBytes: 8_192 });
    expect(codeOf(await planned({ "x.bin": "x".repeat(9_000) }, small))).toBe("deploy/no-space");
    const chips = { requires: { chips: ["esp32s3"] } };
    expect(codeOf(await planned({ "x.py": "1" }, board.inventory(), chips))).toBe("deploy/wrong-chip");
    const old = board.inventory({ version: [1, 12, 0] });
    expect(codeOf(await planned({ "x.py": "1" }, old))).toBe("none");
  });
});
