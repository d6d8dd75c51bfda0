import { isEspxError } from "@espx/proto";
import type { DeviceError, EspxError } from "@espx/proto";
import { describe, expect, test } from "vitest";
import { RawRepl } from "../src/index.ts";
import type { EnterOptions } from "../src/index.ts";
import { AutoClock } from "./auto-clock.ts";
import { FakeBoard, Raised } from "./fake-board.ts";
import type { Behaviour } from "./fake-board.ts";

function open(behaviour: Behaviour = {}): {
  readonly clock: AutoClock;
  readonly board: FakeBoard;
  readonly repl: RawRepl;
} {
  const clock = new AutoClock();
  const board = new FakeBoard(clock, behaviour);
  return { clock, board, repl: new RawRepl(board, clock) };
}

async function entered(behaviour: Behaviour = {}, options?: EnterOptions): Promise<ReturnType<typeof open>> {
  const scene = open(behaviour);
  await scene.repl.enter(options);
  return scene;
}

async function failure(work: Promise<unknown>): Promise<EspxError> {
  const error: unknown = await work.then(
    () => new Error("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
  if (!isEspxError(error)) throw error;
  return error;
}

describe("entering the raw REPL", () => {
  test.each([
    ["interrupt", false, { console: "prompt" }],
    ["interrupt", false, { console: "raw" }],
    ["interrupt", true, { console: "program" }],
    ["interrupt-again", true, { console: "program", stubborn: 2 }],
    ["leave-and-interrupt", true, { console: "program", stubborn: 4 }],
    ["hard-reset", true, { console: "deaf-program" }],
  ] as const)("works by %s and says whether a program was stopped (%s) on %j", async (step, interrupted, behaviour) => {
    expect(await open(behaviour).repl.enter()).toMatchObject({ step, interrupted });
  });

  test("sends a board that is at its prompt one Ctrl-C and no reset", async () => {
    const { board } = await entered({});
    expect(board.written).toEqual([0x0d, 0x03, 0x0d, 0x01]);
  });

  test.each([
    ["serial/no-reply", { console: "silent" }],
    ["serial/no-reply", { console: "silent", canReset: false }],
    ["serial/not-micropython", { console: "garbage" }],
    ["serial/not-micropython", { console: "download" }],
  ] as const)("ends with %s on %j, within its limit", async (code, behaviour) => {
    const { repl, clock } = open(behaviour);
    const error = await failure(repl.enter({ timeoutMs: 9_000 }));
    expect(error.code).toBe(code);
    expect(clock.now()).toBeLessThanOrEqual(9_300);
  });

  test("shows what a board that is no MicroPython sent, and what to do about a chip in download mode", async () => {
    const garbage = await failure(open({ console: "garbage" }).repl.enter());
    expect(garbage.message).toContain("\\x00");
    const download = await failure(open({ console: "download" }).repl.enter());
    expect(download.message).toContain("waiting for download");
    expect(download.hint).toContain("BOOT");
  });

  test("does not reset a board that it must not", async () => {
    const error = await failure(open({ console: "deaf-program" }).repl.enter({ mayReset: false }));
    expect(error.code).toBe("serial/no-reply");
  });

  test("can be called off", async () => {
    const stop = new AbortController();
    const work = open({ console: "silent" }).repl.enter({ signal: stop.signal });
    stop.abort();
    expect((await failure(work)).code).toBe("serial/canceled");
  });

  test("tells a link that goes away", async () => {
    const { board, repl } = open({ console: "silent" });
    const work = failure(repl.enter());
    await board.close();
    expect((await work).code).toBe("link/lost");
  });
});

const long = `print('${"x".repeat(1000)}')`;

describe("running code", () => {
  test.each([
    {},
    { bytewise: true },
    { delayMs: 30 },
    { windowBytes: 32 },
    { windowBytes: 2048 },
    { rawPaste: "no" },
    { rawPaste: "old" },
    { rawPaste: "old", bytewise: true },
  ] as const)("returns what it prints on %j", async (behaviour) => {
    const { board, repl } = await entered(behaviour);
    expect(await repl.exec(long)).toBe(long);
    expect(await repl.exec("2")).toBe("2");
    expect(board.executed).toEqual([long, "2"]);
  });

  test("asks an old firmware for raw-paste only once", async () => {
    const { board, repl } = await entered({ rawPaste: "old" });
    await repl.exec("1");
    await repl.exec("2");
    expect(board.written.filter((byte) => byte === 0x05)).toHaveLength(1);
  });

  test("hands output on as it comes", async () => {
    const { repl } = await entered({ bytewise: true, delayMs: 1 });
    const chunks: string[] = [];
    const returned = await repl.exec("abc", { onOutput: (bytes) => chunks.push(new TextDecoder().decode(bytes)) });
    expect([returned, chunks]).toEqual(["", ["a", "b", "c"]]);
  });

  test("throws what the code raises, with type, message and traceback, and goes on afterwards", async () => {
    const traceback =
      'Traceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\nValueError: no: such\r\n';
    const { repl } = await entered({
      run: (code) => {
        if (code === "bad") throw new Raised(traceback);
        return "good";
      },
    });
    const error = (await failure(repl.exec("bad"))) as DeviceError;
    expect(error.code).toBe("device/exception");
    expect(error.remote).toMatchObject({ type: "ValueError", message: "no: such" });
    expect(error.remote?.traceback).toContain('File "<stdin>", line 1');
    expect(await repl.exec("x")).toBe("good");
  });

  test("knows a full file system", async () => {
    const run = (): never => {
      throw new Raised("Traceback (most recent call last):\r\nOSError: 28\r\n");
    };
    const { repl } = await entered({ run });
    expect((await failure(repl.exec("x"))).code).toBe("device/full");
  });

  test("tells a board that starts anew while it is sent code", async () => {
    const { repl } = await entered({ rebootAfterBytes: 300 });
    const error = await failure(repl.exec(long));
    expect(error.code).toBe("serial/rebooted");
    expect(error.details.received).toContain("TG0WDT_SYS_RESET");
  });

  test("tells a board that starts anew while it runs code, without waiting for the limit", async () => {
    const clock = new AutoClock();
    const board: FakeBoard = new FakeBoard(clock, {
      run: async () => {
        await board.send("some output\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n");
        return new Promise<string>(() => {});
      },
    });
    const repl = new RawRepl(board, clock);
    await repl.enter();
    expect((await failure(repl.exec("x", { timeoutMs: 60_000 }))).code).toBe("serial/rebooted");
    expect(clock.now()).toBeLessThan(5_000);
  });

  test("tells a board that started anew between two runs", async () => {
    const { board, repl } = await entered({});
    await board.send("ets Jul 29 2019 12:21:46\r\n");
    expect((await failure(repl.exec("x"))).code).toBe("serial/rebooted");
  });

  test("tells a link that goes away in the middle", async () => {
    const { repl } = await entered({ lostAfterBytes: 100 });
    expect((await failure(repl.exec(long))).code).toBe("link/lost");
  });

  test("ends code that takes too long with Ctrl-C", async () => {
    const { board, repl, clock } = await entered({ run: () => new Promise(() => {}) });
    const startMs = clock.now();
    const error = failure(repl.exec("x", { timeoutMs: 2_000 }));
    await expect(error).resolves.toMatchObject({ code: "serial/timeout" });
    expect(clock.now() - startMs).toBeLessThan(2_200);
    expect(board.written.length).toBeGreaterThan(0);
  });

  test("can be called off, which stops the code", async () => {
    const stop = new AbortController();
    const { repl, board } = await entered({ run: () => new Promise(() => {}) });
    const work = failure(repl.exec("while True: pass", { signal: stop.signal, timeoutMs: Infinity }));
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect((await work).code).toBe("serial/canceled");
    expect(board.written.at(-1)).toBe(0x03);
  });

  test("refuses code with characters that steer the REPL", async () => {
    const { repl } = await entered({});
    expect((await failure(repl.exec("x='\u0003'"))).code).toBe("serial/control-character");
  });

  test("leaves for the friendly prompt", async () => {
    const { repl } = await entered({});
    expect(await repl.leave()).toBe(true);
    expect(repl.entered).toBe(false);
  });
});
