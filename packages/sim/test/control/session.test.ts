import { isEspxError, LinkError, type PortProvider, type SimControl, type SimSession } from "@espx/proto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSimControl } from "../../src/control/sim-control.ts";
import { createSimPorts } from "../../src/control/sim-ports.ts";
import { Collector } from "../../../../testsuite/collector.ts";
import { type EchoBoard, EchoWorld } from "./echo-world.ts";

const brokerUrl = "mqtt://127.0.0.1:1883";
const hello = new TextEncoder().encode("hello");

let folder: string;
let world: EchoWorld;
let control: SimControl;
let ports: PortProvider;
const sessions: SimSession[] = [];

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "espx-test-")), "run");
  world = new EchoWorld();
  control = createSimControl({ createWorld: async () => world, folder });
  ports = createSimPorts({ folder, command: "espx test" });
});

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
  rmSync(join(folder, ".."), { recursive: true, force: true });
});

async function start(...names: string[]): Promise<SimSession> {
  const session = await control.start({ names, fresh: false, stateFolder: undefined, brokerUrl });
  sessions.push(session);
  return session;
}

function board(name: string): EchoBoard {
  const found = world.made.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no board ${name}`);
  return found;
}

async function errorOf(promise: Promise<unknown>): Promise<Error & { code: string; hint?: string }> {
  const outcome = await promise.then(
    () => new Error("nothing was thrown"),
    (error: unknown) => error,
  );
  if (!isEspxError(outcome)) throw outcome;
  return outcome as Error & { code: string };
}

describe("a session", () => {
  test("powers its boards, lists them with their addresses, and leaves nothing behind", async () => {
    const session = await start("desk", "shed");
    expect(session.boards.map(({ name }) => name)).toEqual(["desk", "shed"]);
    expect(board("desk").running).toBe(true);
    const list = await control.list();
    expect(list).toEqual(session.boards);
    expect(list[0]).toMatchObject({ name: "desk", pid: process.pid, brokerUrl });
    expect(list[0]?.urls).toEqual(["sim:desk", expect.stringMatching(/^rfc2217:\/\/127\.0\.0\.1:\d+$/)]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await session.close();
    await session.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(world.closed).toBe(true);
    expect(board("desk").notes.at(-1)).toBe("off");
  });

  test("hands a board's console to whoever wants it", async () => {
    const heard: string[] = [];
    const onConsole = (name: string, bytes: Uint8Array): void =>
      void heard.push(`${name}: ${Buffer.from(bytes).toString()}`);
    sessions.push(await control.start({ names: ["desk"], fresh: false, stateFolder: undefined, brokerUrl, onConsole }));
    board("desk").print("ready");
    expect(heard).toEqual(["desk: ready"]);
    expect(world.asked).toEqual([{ name: "desk" }]);
  });

  test("has the flash kept in a file of the board, which --fresh removes first", async () => {
    mkdirSync(folder, { recursive: true });
    const stateFile = join(folder, "desk.flash");
    writeFileSync(stateFile, "old");
    const run = async (fresh: boolean): Promise<void> =>
      (await control.start({ names: ["desk"], fresh, stateFolder: folder, brokerUrl })).close();
    await run(false);
    expect(existsSync(stateFile)).toBe(true);
    await run(true);
    expect(existsSync(stateFile)).toBe(false);
    expect(world.asked).toEqual([
      { name: "desk", stateFile },
      { name: "desk", stateFile },
    ]);
  });

  test("of a name that runs is refused with its process", async () => {
    await start("desk");
    const error = await errorOf(
      control.start({ names: ["new", "desk"], fresh: false, stateFolder: undefined, brokerUrl }),
    );
    expect(error).toMatchObject({ code: "sim/name-taken", exitCode: 5, details: { name: "desk", pid: process.pid } });
    expect(error.message).toContain(`(pid ${process.pid})`);
    expect((await control.list()).map(({ name }) => name)).toEqual(["desk"]);
  });

  test("two starts of one name at the same time give one simulator", async () => {
    const outcomes = await Promise.allSettled([start("desk"), start("desk")]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect((await control.list()).length).toBe(1);
  });

  test.each(["", "-x", "a/b", "..", "a b", "x".repeat(33)])("cannot be named %j", async (name) => {
    expect(await errorOf(start(name))).toMatchObject({ code: "sim/bad-name", exitCode: 2 });
  });

  test("cannot name a board twice", async () => {
    expect(await errorOf(start("a", "a"))).toMatchObject({ code: "sim/bad-name" });
  });
});

describe("sim:NAME", () => {
  test("carries bytes, lines and baud rate to the board in their order", async () => {
    await start("desk");
    const link = await ports.open("sim:desk", { baudRate: 460_800 });
    const collector = new Collector();
    link.listen(collector);
    expect(link.traits).toEqual({ kind: "sim", safeCreditBytes: 128, resetsOnOpen: false });
    void link.write(hello);
    void link.setSignals({ dtr: false, rts: true });
    void link.write(hello);
    expect(await link.setSignals({ dtr: true, rts: false })).toBe(true);
    expect(board("desk").notes.slice(1)).toEqual(["baud 460800", "write 5", "dtr 0 rts 1", "write 5", "dtr 1 rts 0"]);
    await collector.until(({ text }) => text === "hellohello");
    await link.close();
  });

  test("is binary clean and takes more than a frame holds", async () => {
    await start("desk");
    const link = await ports.open("sim:desk");
    const collector = new Collector();
    link.listen(collector);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3);
    await link.write(bytes);
    await link.drain();
    await collector.until(({ text }) => text.length === bytes.length);
    expect(collector.text).toBe(Buffer.from(bytes).toString("latin1"));
    await link.close();
  });

  test("a second client is told who has the port, and gets it when that one left", async () => {
    await start("desk");
    const first = await ports.open("sim:desk");
    const error = await errorOf(createSimPorts({ folder, command: "espx repl" }).open("sim:desk"));
    expect(error).toMatchObject({
      code: "port/busy",
      exitCode: 5,
      message: `sim:desk is in use by espx test (pid ${process.pid})`,
      details: { url: "sim:desk", holder: { command: "espx test", pid: process.pid } },
    });
    await first.close();
    await (await ports.open("sim:desk")).close();
  });

  test("lets the modem lines go when a client leaves", async () => {
    await start("desk");
    const link = await ports.open("sim:desk");
    await link.setSignals({ dtr: false, rts: true });
    await link.close();
    await (await ports.open("sim:desk")).close();
    expect(board("desk").notes).toContain("dtr 0 rts 0");
  });

  test("ends with link/lost when the simulator stops, also for what is under way", async () => {
    const session = await start("desk");
    const link = await ports.open("sim:desk");
    const collector = new Collector();
    link.listen(collector);
    await session.close();
    await collector.until(({ ended }) => ended !== undefined);
    expect(collector.ended?.error).toMatchObject({ code: "link/lost" });
    expect(await errorOf(link.write(hello))).toMatchObject({ code: "link/lost", exitCode: 6 });
    expect(await errorOf(link.setSignals({ dtr: false, rts: false }))).toMatchObject({ code: "link/lost" });
    await link.close();
  });

  test("says why when the board's side of the link ends", async () => {
    await start("desk");
    const link = await ports.open("sim:desk");
    const collector = new Collector();
    link.listen(collector);
    board("desk").link?.end(new LinkError("link/lost", "the cable was pulled"));
    await collector.until(({ ended }) => ended !== undefined);
    expect(collector.ended?.error?.message).toContain("the cable was pulled");
  });

  test("opens again and keeps its listeners", async () => {
    await start("desk");
    const link = await ports.open("sim:desk");
    const collector = new Collector();
    link.listen(collector);
    for (let i = 0; i < 20; i++) await link.reopen();
    await link.write(hello);
    await collector.until(({ text }) => text === "hello");
    expect(collector.ended).toBeUndefined();
    await link.close();
    expect(collector.ended).toEqual({ error: undefined });
  });

  test("of a name that does not run says what does and how to start it", async () => {
    await start("desk");
    const error = await errorOf(ports.open("sim:shed"));
    expect(error).toMatchObject({
      code: "port/not-found",
      exitCode: 4,
      hint: expect.stringContaining("espx sim shed"),
    });
    expect(error.message).toContain("running: sim:desk");
  });

  test("is listed without being opened", async () => {
    await start("desk");
    expect(await ports.list()).toEqual([
      { url: "sim:desk", description: `virtual board, pid ${process.pid}`, known: true },
    ]);
    expect(board("desk").link).toBeUndefined();
  });

  test("a canceled opening ends with port/canceled", async () => {
    await start("desk");
    const error = await errorOf(ports.open("sim:desk", { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: "port/canceled", exitCode: 130 });
  });
});

describe("control", () => {
  test("reads and sets pins, gives faults, switches power", async () => {
    await start("desk");
    expect(await control.pin("desk", 2)).toBe(0);
    expect(await control.pin("desk", 2, 1)).toBe(1);
    expect(await control.pin("desk", 2)).toBe(1);
    await control.fault("desk", { kind: "broker", behaviour: "silent" });
    await control.fault("desk", { kind: "link-loss" });
    await control.fault("desk", { kind: "flash-full", freeBytes: null });
    expect(board("desk").faults).toEqual([
      { kind: "broker", behaviour: "silent" },
      { kind: "link-loss" },
      { kind: "flash-full", freeBytes: null },
    ]);
    await control.power("desk", "off");
    await control.power("desk", "off");
    expect(board("desk").running).toBe(false);
    await control.power("desk", "cycle");
    await control.power("desk", "cycle");
    expect(board("desk").notes).toEqual(["on", "off", "on", "off", "on"]);
  });

  test("refuses what makes no sense in the words of the simulator", async () => {
    await start("desk");
    expect(await errorOf(control.pin("desk", 99))).toMatchObject({ code: "sim/bad-pin", exitCode: 2 });
    expect(await errorOf(control.pin("desk", 2, 5 as 1))).toMatchObject({ code: "sim/bad-pin" });
    expect(await errorOf(control.fault("desk", { kind: "fire" } as never))).toMatchObject({ code: "sim/bad-fault" });
    expect(await errorOf(control.fault("desk", { kind: "dns" } as never))).toMatchObject({
      message: "dns takes fails: boolean, got nothing",
    });
    expect(await errorOf(control.power("desk", "maybe" as never))).toMatchObject({ code: "sim/bad-power" });
    expect(await errorOf(control.pin("shed", 2))).toMatchObject({ code: "port/not-found" });
  });
});

test("a folder that is somebody's file is refused with the way out", async () => {
  const file = join(folder, "..", "run");
  const other = createSimControl({ createWorld: async () => world, folder: join(file, "x") });
  rmSync(file, { recursive: true, force: true });
  writeFileSync(file, "");
  const error = await errorOf(other.start({ names: ["a"], fresh: false, stateFolder: undefined, brokerUrl }));
  expect(error).toMatchObject({
    code: "sim/runtime-folder",
    exitCode: 12,
    hint: expect.stringContaining("ESPX_RUNTIME_DIR"),
  });
  expect(existsSync(file)).toBe(true);
});

test("a path too long for sockets is refused with the way out", async () => {
  const long = join(folder, "x".repeat(100));
  const other = createSimControl({ createWorld: async () => world, folder: long });
  const error = await errorOf(other.start({ names: ["a"], fresh: false, stateFolder: undefined, brokerUrl }));
  expect(error).toMatchObject({ code: "sim/runtime-path-long", exitCode: 2 });
  expect(world.closed).toBe(true);
});
