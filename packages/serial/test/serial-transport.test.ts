import { createHash } from "node:crypto";
import { encodeSlotRecord, isEspxError } from "@espx/proto";
import type { EspxError, Plan, SlotRecord, Step } from "@espx/proto";
import { createWorld } from "@espx/sim";
import type { VirtualBoard, World } from "@espx/sim";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SerialTransport } from "../src/index.ts";
import type { Entered } from "../src/index.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const putStep = (path: string, bytes: Uint8Array): Extract<Step, { kind: "put" }> => ({
  kind: "put",
  path,
  sizeBytes: bytes.length,
  sha256: sha256(bytes),
  source: { kind: "blob", bytes },
});
const planOf = (...steps: Step[]): Plan => ({ steps, slot: "a", upToDate: false, sendBytes: 0 });
const record: SlotRecord = {
  count: 3,
  slot: "b",
  state: "trial",
  attemptsLeft: 3,
  config: null,
  previous: { slot: "a", config: null },
  floor: 0,
};

async function failure(work: Promise<unknown>): Promise<EspxError> {
  const error: unknown = await work.then(
    () => new Error("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
  if (!isEspxError(error)) throw error;
  return error;
}

let world: World;
let board: VirtualBoard;
let ended = true;
let passing: Promise<void> = Promise.resolve();
const entries: Entered[] = [];
const lines: string[] = [];

async function start(
  files: Readonly<Record<string, string | Uint8Array>>,
  flashBytes?: number,
): Promise<SerialTransport> {
  await makeBoard(files, flashBytes);
  return new SerialTransport(board.openSerial(), world.clock, {
    onEntered: (entered) => entries.push(entered),
    onConsole: (line) => lines.push(line),
  });
}

/** A board whose time runs as fast as it can, as long as the test does. */
async function makeBoard(files: Readonly<Record<string, string | Uint8Array>>, flashBytes?: number): Promise<void> {
  const made = await createWorld({ mode: "virtual", quietMs: 3_000 });
  world = made;
  board = await made.addBoard({ name: "bench", files, ...(flashBytes !== undefined && { flashBytes }) });
  await board.powerOn();
  ended = false;
  passing = (async () => {
    while (!ended) await made.advance(20);
  })();
}

beforeEach(() => {
  entries.length = 0;
  lines.length = 0;
});
afterEach(async () => {
  ended = true;
  await passing;
  await world.close();
});

describe("the inventory of a virtual board", () => {
  test("names every file by size and SHA-256, whatever its name", async () => {
    const files = { "/a/lib/x.py": "x = 1\n", "/b/ä 'quoted\".txt": "data", "/empty": "" };
    const { files: found, chip, version, mpyVersion, id } = await (await start(files)).inventory();
    const expected = Object.entries(files).map(([path, text]) => ({
      path,
      sizeBytes: bytesOf(text).length,
      sha256: sha256(bytesOf(text)),
    }));
    expect(found.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
      expected.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    );
    expect({ chip, mpyVersion, id }).toEqual({
      chip: "esp32",
      mpyVersion: 6,
      id: Buffer.from(board.mac).toString("hex"),
    });
    expect(version).toEqual([1, 27, 0]);
  });

  test("finds the newest slot record and takes no notice of a torn one", async () => {
    const older = encodeSlotRecord(record);
    const newer = encodeSlotRecord({ ...record, count: 4 });
    const transport = await start({ "/state/slot0": newer, "/state/slot1": older });
    expect(await transport.inventory()).toMatchObject({ record: { count: 4 }, recordFile: 0 });
    board.flash.write("/state/slot0", newer.slice(0, 50));
    expect(await transport.inventory()).toMatchObject({ record: { count: 3 }, recordFile: 1 });
  });

  test("tells a foreign program from comments and from the launcher", async () => {
    const stock = "# This file is executed on every boot\n#import esp\n";
    const transport = await start({ "/boot.py": stock, "/main.py": "print('mine')\n" });
    expect((await transport.inventory()).foreign).toEqual(["/main.py"]);
    board.flash.write("/main.py", 'import sys\nsys.path.insert(0, "/safe")\n');
    expect((await transport.inventory()).foreign).toEqual([]);
  });

  test("stops the program that runs, and says so", async () => {
    const transport = await start({ "/main.py": "import time\nwhile True: time.sleep(1)\n" });
    await transport.inventory();
    expect(entries).toMatchObject([{ interrupted: true }]);
  });
});

test("a transport without listeners works the same", async () => {
  await makeBoard({ "/x": "1" });
  const transport = new SerialTransport(board.openSerial(), world.clock);
  expect((await transport.inventory()).files).toHaveLength(1);
});

describe("steps on a virtual board", () => {
  test("put a file of any content and name in place, folders included, and tell how far they are", async () => {
    const transport = await start({});
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff);
    const progress: number[] = [];
    await transport.apply(putStep("/a/lib/ä '\\n.bin", bytes), { progress: (done) => progress.push(done) });
    await transport.apply(putStep("/empty", new Uint8Array()));
    expect(board.flash.read("/a/lib/ä '\\n.bin")).toEqual(bytes);
    expect(board.flash.read("/empty")).toEqual(new Uint8Array());
    expect(progress).toEqual([4093, 5000]);
    expect([...board.flash.files().keys()].toSorted()).toEqual(["/a/lib/ä '\\n.bin", "/empty"]);
  });

  test("replace a file by one rename, so that it is never half there", async () => {
    const transport = await start({ "/main.py": "old" });
    board.flash.clearJournal();
    await transport.apply(putStep("/main.py", bytesOf("new")));
    const touching = board.flash.journal.filter((operation) => "path" in operation && operation.path === "/main.py");
    expect(touching).toEqual([]);
    expect(board.flash.journal).toContainEqual({ kind: "rename", path: "/.espx-part", to: "/main.py" });
  });

  test("copy on the board, and refuse a copy that is not what was planned", async () => {
    const transport = await start({ "/a/x": "content" });
    const copy = { ...putStep("/b/x", bytesOf("content")), source: { kind: "copy", from: "/a/x" } } as const;
    await transport.apply(copy);
    expect(board.flash.read("/b/x")).toEqual(bytesOf("content"));
    const error = await failure(transport.apply({ ...copy, path: "/b/y", sha256: sha256(bytesOf("other")) }));
    expect(error.code).toBe("serial/readback-differs");
    expect(board.flash.read("/b/y")).toBeUndefined();
  });

  test("remove a file with the folders that are empty then, and take an absent one as removed", async () => {
    const transport = await start({ "/a/lib/deep/x": "1", "/a/y": "2" });
    await transport.apply({ kind: "remove", path: "/a/lib/deep/x" });
    await transport.apply({ kind: "remove", path: "/a/lib/deep/x" });
    expect([...board.flash.files().keys()]).toEqual(["/a/y"]);
    await transport.apply({ kind: "remove", path: "/a/y" });
    const { repl } = { repl: await transport.repl() };
    expect(await repl.exec("import os;print(os.listdir('/'))")).toBe("[]\r\n");
  });

  test("commit a record to its file", async () => {
    const transport = await start({});
    await transport.apply({ kind: "commit", record, recordFile: 1 });
    expect(board.flash.read("/state/slot1")).toEqual(encodeSlotRecord(record));
  });

  test("stop with numbers on a board that is too small for a plan, before anything is sent", async () => {
    const transport = await start({}, 64 * 1024);
    board.flash.clearJournal();
    const error = await failure(transport.begin(planOf(putStep("/a/big", new Uint8Array(100_000)))));
    expect(error.code).toBe("device/full");
    expect(error.details.needsBytes).toBe(100_000);
    expect(board.flash.journal).toEqual([]);
  });

  test("count what a plan replaces and removes on its way", async () => {
    const half = "x".repeat(24_000);
    const transport = await start({ "/a/old": half, "/b/x": "1" }, 64 * 1024);
    const big = putStep("/a/new", new Uint8Array(40_000));
    await expect(transport.begin(planOf({ kind: "remove", path: "/a/old" }, big))).resolves.toEqual(new Set());
    expect((await failure(transport.begin(planOf(big)))).code).toBe("device/full");
  });

  test("stop with numbers when the board fills up, and give the room back", async () => {
    const transport = await start({ "/a/x": "kept" }, 64 * 1024);
    const error = await failure(transport.apply(putStep("/a/big", new Uint8Array(100_000))));
    expect(error.code).toBe("device/full");
    expect(error.details).toMatchObject({ path: "/a/big", needsBytes: 100_000 });
    expect([...board.flash.files().keys()]).toEqual(["/a/x"]);
  });

  test("tell a board that loses power in the middle", async () => {
    const transport = await start({ "/a/x": "kept" });
    await transport.inventory();
    void board.cutAt(3).then(() => board.powerOn());
    const error = await failure(transport.apply(putStep("/a/y", new Uint8Array(10_000))));
    expect(["serial/rebooted", "link/lost"]).toContain(error.code);
    expect(board.flash.read("/a/y")).toBeUndefined();
  });

  test("reset the board with the reason for the launcher, and let the program start", async () => {
    const transport = await start({
      "/main.py": "import machine\nprint(machine.RTC().memory(), machine.reset_cause())\n",
    });
    const output: string[] = [];
    board.onEvent((event) => event.kind === "console" && output.push(new TextDecoder().decode(event.bytes)));
    await transport.apply({ kind: "reset" });
    await expect.poll(() => output.join("")).toContain("b'EspX\\x01\\x05\\x00'");
  });

  test("leave the board at its prompt, also when the work was called off", async () => {
    const transport = await start({});
    const stop = new AbortController();
    const repl = await transport.repl();
    const work = repl.exec("print('on')\nwhile True: pass", { onOutput: () => stop.abort(), signal: stop.signal });
    expect((await failure(work)).code).toBe("serial/canceled");
    const output: string[] = [];
    board.onEvent((event) => event.kind === "console" && output.push(new TextDecoder().decode(event.bytes)));
    await transport.leave();
    expect(output.join("").endsWith(">>> ")).toBe(true);
  });

  test("leave the RTC memory of another program alone", async () => {
    const transport = await start({});
    await (await transport.repl()).exec("import machine;machine.RTC().memory(b'mine')");
    await transport.apply({ kind: "reset" });
    const memory = await (await transport.repl()).exec("import machine;print(machine.RTC().memory())");
    expect(memory).toBe("b'mine'\r\n");
  });
});

describe("a virtual board with a fault", () => {
  test.each([
    ["silent", "serial/no-reply"],
    ["garbage", "serial/not-micropython"],
    ["lost", "link/lost"],
  ] as const)("on its serial line (%s) ends with %s", async (behaviour, code) => {
    const transport = await start({});
    board.fault({ kind: "serial", behaviour });
    expect((await failure(transport.inventory())).code).toBe(code);
  });

  test("in the middle of a file leaves the old one in place", async () => {
    const transport = await start({ "/a/x": "kept" });
    await transport.inventory();
    const progress = (done: number): void => {
      if (done > 3_000) board.fault({ kind: "serial", behaviour: "lost" });
    };
    const error = await failure(transport.apply(putStep("/a/x", new Uint8Array(10_000)), { progress }));
    expect(error.code).toBe("link/lost");
    expect(board.flash.read("/a/x")).toEqual(bytesOf("kept"));
  });

  test("that fills its flash while files are sent ends with numbers", async () => {
    const transport = await start({ "/a/x": "kept" });
    await transport.inventory();
    board.fault({ kind: "flash-full", freeBytes: 8_192 });
    const error = await failure(transport.apply(putStep("/a/big", new Uint8Array(20_000))));
    expect(error.code).toBe("device/full");
    expect(error.details).toMatchObject({ needsBytes: 20_000 });
    expect([...board.flash.files().keys()]).toEqual(["/a/x"]);
  });
});

/** A program that answers the query the way the framework does. */
const answering = (answers: readonly object[]): string => `
import sys, json
answers = json.loads(${JSON.stringify(JSON.stringify(answers))})
print("starting up")
while True:
    if sys.stdin.readline().strip() == "#espx? 1":
        print("#espx! 1 " + json.dumps(answers.pop(0) if len(answers) > 1 else answers[0]))
`;

describe("waiting for a virtual board to confirm", () => {
  const answer = { release: "p-00000001", slot: "b", state: "trial", config: null, waiting: ["mqtt"] };

  async function deployed(program: string): Promise<SerialTransport> {
    const transport = await start({ "/main.py": program });
    await transport.apply({ kind: "commit", record, recordFile: 0 });
    await transport.apply({ kind: "reset" });
    return transport;
  }

  test("ends when it says so, and hands its words on meanwhile", async () => {
    const transport = await deployed(answering([answer, answer, { ...answer, state: "confirmed", waiting: [] }]));
    const state = await transport.watch({ timeoutMs: 10_000 });
    expect(state).toEqual({ release: "p-00000001", slot: "b", state: "confirmed", waitingFor: [] });
    expect(lines).toContain("starting up");
    expect(lines.some((line) => line.includes("#espx"))).toBe(false);
  });

  test("ends at once for a set that was placed by hand, and one that does not tell its config", async () => {
    const transport = await deployed(answering([{ ...answer, config: undefined, state: "dev" }]));
    expect((await transport.watch({ timeoutMs: 10_000 })).state).toBe("dev");
  });

  test.each([
    ["another slot runs", { ...answer, slot: "a", state: "confirmed" }],
    ["another config is in use", { ...answer, config: "0123abcd" }],
  ])("says that the set fell back when %s", async (_, fallen) => {
    const transport = await deployed(answering([fallen]));
    const error = await failure(transport.watch({ timeoutMs: 10_000 }));
    expect(error.code).toBe("deploy/fell-back");
    expect(error.message).toContain("starting up");
  });

  test("names what it still waits for when the time is up", async () => {
    const transport = await deployed(answering([answer]));
    const error = await failure(transport.watch({ timeoutMs: 1_500 }));
    expect(error.code).toBe("deploy/not-confirmed");
    expect(error.details.waitingFor).toEqual(["mqtt"]);
  });

  test("says that nothing runs when the board comes to its prompt", async () => {
    const transport = await deployed("print('no luck')\nraise ValueError('broken')\n");
    const error = await failure(transport.watch({ timeoutMs: 20_000 }));
    expect(error.code).toBe("deploy/nothing-runs");
    expect(error.message).toContain("ValueError: broken");
  });
});
