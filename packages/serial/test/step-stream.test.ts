import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { isEspxError } from "@espx/proto";
import type { EspxError, Plan, SimSerialOptions, Step } from "@espx/proto";
import { createWorld } from "@espx/sim";
import type { VirtualBoard, VirtualBoardOptions, World } from "@espx/sim";
import { afterEach, describe, expect, test } from "vitest";
import { SerialTransport } from "../src/index.ts";
import type { LineReport } from "../src/index.ts";
import { receiverScript } from "../src/stream/receiver.ts";
import { SeededRandom } from "../../../testsuite/fuzz/seeded-random.ts";
import { SpoiledLink } from "../../../testsuite/cable/spoiled-link.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const putStep = (path: string, bytes: Uint8Array): Extract<Step, { kind: "put" }> => ({
  kind: "put",
  path,
  sizeBytes: bytes.length,
  sha256: Buffer.from(sha256(bytes)).toString("hex"),
  source: { kind: "blob", bytes },
});

const planOf = (...steps: Extract<Step, { kind: "put" }>[]): Plan => {
  const sendBytes = steps.reduce((total, step) => total + step.sizeBytes, 0);
  return { steps, slot: "a", upToDate: false, sendBytes };
};

let world: World;
let board: VirtualBoard;
let link: SpoiledLink;
let ended = true;
let passing: Promise<void> = Promise.resolve();
const lines: LineReport[] = [];

interface Bench extends SimSerialOptions, Pick<VirtualBoardOptions, "firmware" | "heapBytes"> {
  readonly files?: Readonly<Record<string, string>>;
  readonly rates?: readonly number[];
}

async function start({ files = {}, rates = [], firmware, heapBytes, ...serial }: Bench = {}): Promise<SerialTransport> {
  const made = await createWorld({ mode: "virtual", quietMs: 3_000 });
  world = made;
  lines.length = 0;
  board = await made.addBoard({
    name: "bench",
    files,
    ...(firmware !== undefined && { firmware }),
    ...(heapBytes !== undefined && { heapBytes }),
  });
  await board.powerOn();
  ended = false;
  passing = (async () => {
    while (!ended) await made.advance(20);
  })();
  link = new SpoiledLink(
    board.openSerial(serial),
    serial.port === "usb" ? { kind: "usb-jtag", safeCreditBytes: 4096 } : {},
  );
  return transportOn(rates);
}

function transportOn(rates: readonly number[] = []): SerialTransport {
  const deflate = (bytes: Uint8Array, windowBits: number): Uint8Array =>
    deflateRawSync(bytes, { level: 9, windowBits });
  return new SerialTransport(link, world.clock, {
    deflate,
    sha256,
    rates: () => Promise.resolve(rates),
    onLine: (line) => lines.push(line),
  });
}

afterEach(async () => {
  if (ended) return;

  ended = true;
  await passing;
  await world.close();
});

/** Some text, some noise, an empty file. */
function files(): readonly Extract<Step, { kind: "put" }>[] {
  const random = new SeededRandom(7);
  const text = (lines: number): Uint8Array =>
    new TextEncoder().encode(Array.from({ length: lines }, () => `value = ${random.below(500)}\n`).join(""));
  return [
    putStep("/a/main.py", text(40)),
    putStep("/a/lib/long.py", text(2_000)),
    putStep("/a/lib/ä 'b'.py", text(90)),
    putStep("/a/web/page.gz", random.bytes(9_000)),
    putStep("/a/empty", new Uint8Array()),
    putStep(
      "/a/control.bin",
      Uint8Array.from({ length: 700 }, (_, index) => index % 7),
    ),
  ];
}

function expectAll(steps: readonly Extract<Step, { kind: "put" }>[]): void {
  for (const { path, source } of steps) {
    expect(board.flash.read(path), path).toEqual(source.kind === "blob" ? source.bytes : undefined);
  }
}

async function failure(work: Promise<unknown>): Promise<EspxError> {
  const error: unknown = await work.then(
    () => new Error("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
  if (!isEspxError(error)) throw error;
  return error;
}

/** Once in so many bytes, from somewhere on. */
const rarely = (every: number, from: number) => (at: number) => at > from && at % every === 0;

test("the receiver is less than 1.5 KB of source", () => {
  expect(receiverScript.length).toBeLessThan(1536);
});

describe("steps that are given at once", () => {
  test("are done in one run of the receiver, and small files share blocks", async () => {
    const transport = await start();
    await transport.inventory();
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    const repl = await transport.repl();
    expect(lines).toEqual([{ triedRates: [], rate: undefined, troubles: 0 }]);
    expect(link.sentBytes).toBeLessThan(24_000);
    expect(await repl.exec("print('prompt')")).toBe("prompt\r\n");
  });

  test("tell how far each file is, in order", async () => {
    const transport = await start();
    const told: string[] = [];
    const steps = files();
    await Promise.all(
      steps.map((step) =>
        transport.apply(step, { progress: (done, total, path) => told.push(`${path} ${done} ${total}`) }),
      ),
    );
    expect(told.filter((line) => line.includes("page.gz")).length).toBeGreaterThan(2);
    expect(told.at(-1)).toBe("/a/control.bin 700 700");
  });

  test("stop at the first one that fails: what stands behind it is not done", async () => {
    const transport = await start();
    const [first, second] = files();
    const wrong = { ...putStep("/a/wrong", Uint8Array.of(1)), sha256: "0".repeat(64) };
    const ends = [first, wrong, second].map((step) => failure(transport.apply(step as Step)).catch(() => undefined));
    const [, error, behind] = await Promise.all(ends);
    expect(error?.code).toBe("serial/readback-differs");
    expect(error?.message).toContain("/a/wrong reads back as 1 ");
    expect(behind?.code).toBe("serial/readback-differs");
    expect([...board.flash.files().keys()]).toEqual(["/a/main.py"]);
  });

  test("go over native USB in larger portions, with every byte as it is", async () => {
    const transport = await start({ port: "usb" });
    await transport.inventory();
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
  });
});

describe("a line that damages a byte now and then", () => {
  const lost = (): undefined => undefined;
  const flipped = (byte: number): number => byte ^ 4;
  test.each([
    ["flips bits towards the board", flipped, undefined],
    ["loses bytes towards the board", lost, undefined],
    ["loses what the board says", undefined, lost],
    ["loses bytes both ways", lost, lost],
  ] as const)("%s, and the files are whole all the same", async (_, toBoard, toHost) => {
    const transport = await start({ baudRate: 115_200 });
    await transport.inventory();
    const hitsBoard = rarely(6_151, 4_500);
    const hitsHost = rarely(29, link.receivedBytes + 50);
    if (toBoard !== undefined) link.toBoard = (byte, at) => (hitsBoard(at) ? toBoard(byte) : byte);
    if (toHost !== undefined) link.toHost = (byte, at) => (hitsHost(at) ? toHost() : byte);
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    await transport.repl();
    expect(lines[0]?.troubles).toBeGreaterThan(0);
  });

  test("too often is named as what it is, and leaves a prompt and no half file", async () => {
    const transport = await start({ baudRate: 115_200 });
    await transport.inventory();
    link.toBoard = (byte, at) => (at > 5_000 && at % 997 === 0 ? byte ^ 1 : byte);
    const error = await failure(Promise.all(files().map((step) => transport.apply(step))));
    expect(error.code).toBe("serial/noisy-line");
    link.toBoard = (byte) => byte;
    const repl = await transport.repl();
    expect(await repl.exec("print('prompt')")).toBe("prompt\r\n");
    for (const path of board.flash.files().keys()) {
      expect(board.flash.read(path)?.length).toBe(files().find((step) => step.path === path)?.sizeBytes ?? -1);
    }
  });
});

describe("what a broken-off deploy leaves", () => {
  const big = putStep("/a/big.bin", new SeededRandom(3).bytes(40_000));

  /** Sends until so much has been written, then falls silent as a killed host does. */
  async function breakOff(transport: SerialTransport, afterBytes: number): Promise<void> {
    await transport.inventory();
    const from = link.sentBytes;
    const gone = new Promise<void>((resolve) => {
      link.toBoard = (byte, at) => {
        if (at - from < afterBytes) return byte;
        resolve();
        return undefined;
      };
    });
    const work = failure(Promise.all([transport.apply(big), transport.apply(files()[0] as Step)]));
    await gone;
    const { clock } = world;
    await clock.sleep(9_000);
    link.toBoard = (byte) => byte;
    expect((await work).code).toMatch(/^serial\/(timeout|noisy-line)$/);
  }

  test.each([3_100, 12_345, 30_001])(
    "after %i bytes is a prompt within seconds, and a beginning that is not sent again",
    async (afterBytes) => {
      await breakOff(await start(), afterBytes);
      expect([...board.flash.files().keys()].filter((path) => path.startsWith("/a/"))).toEqual([]);
      const again = transportOn();
      await again.inventory();
      const before = link.sentBytes;
      await again.begin(planOf(big));
      await again.apply(big);
      expectAll([big]);
      const doneBytes = Math.max(0, afterBytes - 3_000 - 4_200);
      expect(link.sentBytes - before).toBeLessThan(40_000 - doneBytes + 4_500);
    },
  );

  test("is not taken for the beginning of another file", async () => {
    await breakOff(await start(), 20_000);
    const other = putStep("/a/other.bin", new SeededRandom(4).bytes(40_000));
    const again = transportOn();
    await again.begin(planOf(other));
    await again.apply(other);
    expectAll([other]);
    expect(board.flash.read("/.espx-part")).toBeUndefined();
  });
});

describe("a rate for the bulk of it", () => {
  const nine = putStep("/a/big", new SeededRandom(5).bytes(9_000));

  test("is agreed on, and given back at the end", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600, 460_800] });
    await transport.inventory();
    const step = putStep("/a/big", new SeededRandom(5).bytes(60_000));
    await transport.begin(planOf(step));
    await transport.apply(step);
    expectAll([step]);
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
    expect(lines).toMatchObject([{ rate: 921_600 }]);
    expect(link.rates).toEqual([921_600, 115_200, 115_200]);
  });

  test("falls back to one that the line takes", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600, 460_800] });
    await transport.inventory();
    link.toBoard = (byte) => (link.rates.at(-1) === 921_600 ? byte ^ 0x10 : byte);
    await transport.begin(planOf(nine));
    await transport.apply(nine);
    await transport.repl();
    expect(lines).toMatchObject([{ rate: 460_800, troubles: 0 }]);
  });

  test("stays that of the prompt where the line takes no other", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600, 460_800] });
    await transport.inventory();
    link.toBoard = (byte) => ((link.rates.at(-1) ?? 115_200) === 115_200 ? byte : byte ^ 0x10);
    await transport.begin(planOf(nine));
    await transport.apply(nine);
    await transport.repl();
    expect(lines).toMatchObject([{ rate: undefined, troubles: 0 }]);
  });

  test("is never tried on native USB", async () => {
    const transport = await start({ port: "usb", rates: [921_600] });
    await transport.begin(planOf(nine));
    await transport.apply(nine);
    expect(link.rates).toEqual([]);
  });

  test("is not worth it for a little", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600] });
    const step = putStep("/a/x", Uint8Array.of(1));
    await transport.begin(planOf(step));
    await transport.apply(step);
    expect(link.rates).toEqual([]);
  });

  test("is given back by the board alone when the host is gone", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600] });
    await transport.inventory();
    const silent = link.sentBytes + 12_000;
    link.toBoard = (byte, at) => (at < silent ? byte : undefined);
    const step = putStep("/a/big", new SeededRandom(5).bytes(60_000));
    await transport.begin(planOf(step));
    const work = failure(transport.apply(step));
    expect((await work).code).toMatch(/^serial\//);
    link.toBoard = (byte) => byte;
    expect(await (await transportOn().repl()).exec("print('prompt')")).toBe("prompt\r\n");
  });
});

describe("an older or another firmware", () => {
  test("without deflate gets everything as it is", async () => {
    const transport = await start({ firmware: { absentModules: ["deflate"] } });
    expect((await transport.inventory()).capabilities).toEqual([]);
    const steps = files();
    const before = link.sentBytes;
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    const content = steps.reduce((total, step) => total + step.sizeBytes, 0);
    expect(link.sentBytes - before).toBeGreaterThan(content);
    expect(link.sentBytes - before).toBeLessThan(content + 5_000);
  });

  test.each([
    ["that understands raw-paste and has none", "R\0"],
    ["from before raw-paste", "raw REPL; CTRL-B to exit\r\n>"],
  ])("%s is sent the receiver slowly, and the stream as fast as ever", async (_, answer) => {
    const transport = await start();
    link.answers.set("\x05A\x01", answer);
    await transport.inventory();
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    await transport.repl();
    expect(lines).toMatchObject([{ troubles: 0 }]);
  });
});

describe("the memory of a program that was stopped", () => {
  const hungry = `import gc
gc.collect()
held = bytearray(gc.mem_free() - 30_000)
import time
while True: time.sleep(1)
`;

  test("is given back by a soft reset where it would not do, and the chip is not reset", async () => {
    const transport = await start({ files: { "/main.py": hungry }, heapBytes: 160 * 1024 });
    const boots: string[] = [];
    board.onEvent((event) => event.kind === "boot" && boots.push(event.cause));
    const steps = files();
    const { heapFreeBytes } = await transport.inventory();
    expect(heapFreeBytes).toBeLessThan(40_000);
    await transport.begin(planOf(...steps));
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    expect(boots).toEqual(["soft"]);
  });

  test("is left alone where it will do", async () => {
    const transport = await start({ files: { "/main.py": "kept = 1\nimport time\nwhile True: time.sleep(1)\n" } });
    await transport.inventory();
    await transport.begin(planOf(...files()));
    await transport.apply(files()[0] as Step);
    expect(await (await transport.repl()).exec("print(kept)")).toBe("1\r\n");
  });
});

test("the framework's watchdog is fed while files are sent, and none is ever made", async () => {
  const watchdog = "fed = 0\ndef feed():\n global fed\n fed += 1\n";
  const main =
    "import espx.watchdog, machine\nmade = []\nmachine.WDT = made.append\nimport time\nwhile True: time.sleep(1)\n";
  const transport = await start({
    files: { "/espx/__init__.py": "", "/espx/watchdog.py": watchdog, "/main.py": main },
  });
  await transport.inventory();
  await Promise.all(files().map((step) => transport.apply(step)));
  const repl = await transport.repl();
  expect(await repl.exec("print(espx.watchdog.fed > 50, made)")).toBe("True []\r\n");
});
