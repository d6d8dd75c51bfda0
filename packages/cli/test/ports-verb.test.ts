import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BusyError, CanceledError, NotFoundError, PermissionError, type PortInfo, type SerialLink } from "@espx/proto";
import { createWorld, type World } from "@espx/sim";
import { afterEach, expect, test, vi } from "vitest";
import { firmwareFile } from "./_firmware.ts";
import { eventsOf, run, type RunResult, tempFolder } from "./_run.ts";
import { startSimBoards } from "./_sim-boards.ts";

const bridge = (url: string, serialNumber: string): PortInfo => ({
  url,
  description: "CP2102N USB to UART Bridge",
  known: true,
  vendorId: 0x10c4,
  productId: 0xea60,
  serialNumber,
});
const old: PortInfo = { url: "/dev/ttyS0", description: "serial port", known: false };

/** Runs a verb where `there` are the ports, until it is called off or ends. */
function runWith(argv: readonly string[], there: () => readonly PortInfo[]): Running {
  const abort = new AbortController();
  let stdout = "";
  const ended = run(argv, {
    outside: { listPorts: () => Promise.resolve(there()) },
    signal: abort.signal,
    onOutput: (text) => (stdout += text),
  });
  const stop = (): Promise<RunResult> => {
    abort.abort(new CanceledError("cli/interrupted", "interrupted", { exitCode: 130 }));
    return ended;
  };
  return { stdout: () => stdout, lines: (count) => untilLines(() => stdout, count), stop, ended };
}

interface Running {
  stdout(): string;
  lines(count: number): Promise<readonly string[]>;
  stop(): Promise<RunResult>;
  readonly ended: Promise<RunResult>;
}

const untilLines = (stdout: () => string, count: number): Promise<readonly string[]> =>
  vi.waitFor(
    () => {
      const lines = stdout().split("\n").slice(0, -1);
      if (lines.length < count) throw new Error(`${lines.length} lines came: ${stdout()}`);
      return lines;
    },
    { timeout: 5_000, interval: 20 },
  );

test("ports --watch lists what is there, then what comes and goes, until Ctrl-C", async () => {
  let there: readonly PortInfo[] = [old, bridge("/dev/ttyUSB0", "0001")];
  const watch = runWith(["ports", "--watch"], () => there);
  expect(await watch.lines(1)).toEqual(["/dev/ttyUSB0  CP2102N USB to UART Bridge"]);
  there = [old, ...there.slice(1), bridge("/dev/ttyUSB1", "0002")];
  expect((await watch.lines(2))[1]).toBe("+ /dev/ttyUSB1  CP2102N USB to UART Bridge");
  there = [bridge("/dev/ttyUSB1", "0002")];
  expect((await watch.lines(3))[2]).toBe("- /dev/ttyUSB0  CP2102N USB to UART Bridge");
  const { code, stdout } = await watch.stop();
  expect([code, stdout.split("\n").length]).toEqual([130, 4]);
});

test("ports --watch --json is an event a change, and tells another board at the same port", async () => {
  let there: readonly PortInfo[] = [bridge("/dev/ttyUSB0", "0001")];
  const watch = runWith(["ports", "--watch", "--json"], () => there);
  await watch.lines(1);
  there = [bridge("/dev/ttyUSB0", "0009")];
  await watch.lines(3);
  const ports = eventsOf(await watch.stop()).filter(({ kind }) => kind === "port");
  expect(ports.map(({ data }) => [data["serialNumber"], data["change"]])).toEqual([
    ["0001", null],
    ["0001", "removed"],
    ["0009", "added"],
  ]);
});

test("ports --watch sees virtual boards start and stop, and ends well with --timeout", async () => {
  await using boards = await startSimBoards([]);
  const env = boards.env;
  let stdout = "";
  const ended = run(["ports", "--watch", "--json", "--timeout", "4"], { env, onOutput: (text) => (stdout += text) });
  await using other = await startSimBoards(["hall"], { env });
  await untilLines(() => stdout, 1);
  await other.session.close();
  await untilLines(() => stdout, 2);
  const result = await ended;
  expect(result.code, result.stdout).toBe(0);
  const ports = eventsOf(result).filter(({ data }) => data["url"] === "sim:hall");
  expect(ports.map(({ data }) => data["change"])).toEqual([expect.anything(), "removed"]);
}, 20_000);

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

interface Waited {
  readonly result: RunResult;
  readonly opened: readonly string[];
}

/** `espx exec --wait-port` where opening fails with each of `errors` first, and listing shows each of `lists`, the last one for good. */
async function exec(
  argv: readonly string[],
  {
    errors = [],
    lists = [[]],
  }: { readonly errors?: readonly Error[]; readonly lists?: readonly (readonly PortInfo[])[] },
): Promise<Waited> {
  world = await createWorld({ mode: "real" });
  const board = await world.addBoard({ name: "late" });
  await board.powerOn();
  const [failures, shown] = [[...errors], [...lists]];
  const opened: string[] = [];
  const openPort = (url: string): Promise<SerialLink> => {
    opened.push(url);
    const failure = failures.shift();
    return failure === undefined ? Promise.resolve(board.openSerial()) : Promise.reject(failure);
  };
  const listPorts = (): Promise<readonly PortInfo[]> =>
    Promise.resolve((shown.length > 1 ? shown.shift() : shown[0]) ?? []);
  const result = await run(["exec", "print(6 * 7)", ...argv], { outside: { openPort, listPorts } });
  return { result, opened };
}

const notThere = new NotFoundError("port/not-found", "no port /dev/ttyUSB0 (there is none)");
const named = ["--port", "/dev/ttyUSB0"];

test("--wait-port waits for a port that is named, and for its owner to be set", async () => {
  const denied = new PermissionError("port/permission", "this user may not open /dev/ttyUSB0");
  const { result, opened } = await exec([...named, "--wait-port"], { errors: [notThere, notThere, denied] });
  expect(result).toEqual({ code: 0, stdout: "42\n", stderr: "no port /dev/ttyUSB0 (there is none); waiting for it\n" });
  expect(opened).toHaveLength(4);
});

test("--wait-port does not wait for a port that another program has: its holder is named at once", async () => {
  const busy = new BusyError("port/busy", "/dev/ttyUSB0 is in use by screen (pid 4711)");
  const { result, opened } = await exec([...named, "--wait-port"], { errors: [busy] });
  expect([result.code, opened.length]).toEqual([5, 1]);
  expect(result.stderr).toContain("screen (pid 4711)");
});

test("without --wait-port a port that is not there ends the verb with exit 4", async () => {
  const { result, opened } = await exec(named, { errors: [notThere] });
  expect([result.code, opened.length]).toEqual([4, 1]);
});

test("--wait-port with --timeout gives up in time", async () => {
  const startMs = performance.now();
  const errors = Array.from({ length: 100 }, () => notThere);
  const { result } = await exec([...named, "--wait-port", "--timeout", "1"], { errors });
  expect([result.code, performance.now() - startMs < 3_000]).toEqual([6, true]);
  expect(result.stderr).toContain("(cli/timed-out)");
});

test("--wait-port without a port takes the first board that is plugged in, and no other port", async () => {
  const lists = [[old], [old], [old, bridge("/dev/ttyUSB3", "0003")]];
  const { result, opened } = await exec(["--wait-port"], { lists });
  expect([result.code, opened]).toEqual([0, ["/dev/ttyUSB3"]]);
  expect(result.stderr).toBe("no port with a board is there; waiting for one\n");
});

test("--wait-port sees the second port of a board that has two, and asks which one", async () => {
  const two = [bridge("/dev/ttyUSB0", "0003"), bridge("/dev/ttyUSB1", "0003")];
  const { result, opened } = await exec(["--wait-port"], { lists: [[], two.slice(0, 1), two] });
  expect([result.code, opened]).toEqual([4, []]);
  expect(result.stderr).toContain("2 ports may have the board");
});

test("--wait-port waits for a virtual board that is started later", async () => {
  await using boards = await startSimBoards([]);
  const { env } = boards;
  const waiting = run(["exec", "print(6 * 7)", "--port", "sim:hall", "--wait-port"], { env });
  await using _ = await startSimBoards(["hall"], { env });
  const { code, stdout } = await waiting;
  expect([code, stdout]).toEqual([0, "42\n"]);
}, 20_000);

test("flash --all takes what is there and does not wait", async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, "x.bin"), firmwareFile("esp32"));
  const { code, stderr } = await run(["flash", "--image", "x.bin", "--all", "--wait-port", "--yes"], {
    cwd: folder.path,
    outside: { listPorts: () => Promise.resolve([]) },
  });
  expect(code).toBe(2);
  expect(stderr).toContain("--all takes the ports that are there");
});
