import { isEspxError } from "@espx/proto";
import type { EspxError, SimFault, Step } from "@espx/proto";
import { createWorld } from "@espx/sim";
import type { VirtualBoard, World } from "@espx/sim";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { SerialTransport } from "../src/index.ts";
import type { Entered } from "../src/index.ts";
import { SpoiledLink } from "../../../testsuite/cable/spoiled-link.ts";

let world: World;
let board: VirtualBoard;
let link: SpoiledLink;
let ended = true;
let passing: Promise<void> = Promise.resolve();
const entries: Entered[] = [];

async function start(main: string): Promise<SerialTransport> {
  const made = await createWorld({ mode: "virtual", quietMs: 3_000 });
  world = made;
  board = await made.addBoard({ name: "bench", files: { "/main.py": main } });
  await board.powerOn();
  await made.advance(500);
  ended = false;
  entries.length = 0;
  passing = (async () => {
    while (!ended) await made.advance(20);
  })();
  link = new SpoiledLink(board.openSerial({ baudRate: 115_200 }));
  return new SerialTransport(link, world.clock, { onEntered: (entered) => entries.push(entered) });
}

afterEach(async () => {
  if (ended) return;
  ended = true;
  await passing;
  await world.close();
});

async function failure(work: Promise<unknown>): Promise<EspxError> {
  const error: unknown = await work.then(
    () => new Error("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
  if (!isEspxError(error)) throw error;
  return error;
}

function putStep(bytes: Uint8Array): Step {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { kind: "put", path: "/a/x", sizeBytes: bytes.length, sha256, source: { kind: "blob", bytes } };
}

const loop = "import time\nwhile True: time.sleep(1)\n";

describe("a board that is hard to reach", () => {
  test.each([
    ["catches Ctrl-C", "while True:\n try:\n  while True: time.sleep(0.05)\n except KeyboardInterrupt: pass\n"],
    ["switched Ctrl-C off", "import micropython\nmicropython.kbd_intr(-1)\nwhile True: time.sleep(1)\n"],
  ])("since its program %s is said to be so, with the way out", async (_, program) => {
    const transport = await start(`import time\n${program}`);
    const error = await failure(transport.inventory());
    expect(error.code).toBe("serial/not-micropython");
    expect(error.hint).toContain("takes no Ctrl-C");
    expect(error.hint).toContain("espx partitions erase vfs");
  });

  test("since it starts again and again is entered between two starts", async () => {
    const transport = await start("import machine, time\ntime.sleep(0.3)\nmachine.reset()\n");
    await transport.inventory();
    expect(entries).toHaveLength(1);
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
  });

  test("since it answers late gets all that was sent", async () => {
    const transport = await start(loop);
    const late: Promise<void>[] = [];
    const inner = link.listen.bind(link);
    link.listen = (listener) =>
      inner({
        ...listener,
        closed: (error) => listener.closed(error),
        chunk: (bytes) => late.push(world.clock.sleep(250).then(() => listener.chunk(bytes))),
      });
    const bytes = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 31) & 0xff);
    await transport.apply(putStep(bytes));
    expect(board.flash.read("/a/x")).toEqual(bytes);
  });

  test("since the line is at another rate is said to be no MicroPython, with what to check", async () => {
    const transport = await start(`import machine\nmachine.UART(0, 9600)\nwhile True: print('hello')\n`);
    link.setSignals = () => Promise.resolve(false);
    const error = await failure(transport.inventory());
    expect(error.code).toBe("serial/not-micropython");
    expect(error.hint).toContain("speed 115200");
  });
});

describe("a line with a fault during a deploy", () => {
  const bytes = Uint8Array.from({ length: 30_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);

  test.each([
    ["noise", /^serial\/(noisy-line|timeout)$/],
    ["loss", /^serial\/(noisy-line|timeout)$/],
    ["garbage", /^serial\/(noisy-line|timeout)$/],
    ["silent", /^serial\/timeout$/],
    ["lost", /^link\/lost$/],
  ] as const)(
    "(%s) ends with what it is and what to do, nothing half, and the next one ends well",
    async (behaviour, code) => {
      const transport = await start(loop);
      await transport.inventory();
      const fault = (how: Extract<SimFault, { kind: "serial" }>["behaviour"]): void =>
        board.fault({ kind: "serial", behaviour: how });
      const begin = putStep(bytes);
      const error = await failure(transport.apply(begin, { progress: (done) => done > 5_000 && fault(behaviour) }));
      expect(error.code).toMatch(code);
      if (behaviour !== "lost") expect(error.hint).toMatch(/try|cable/i);
      expect(board.flash.read("/a/x")).toBeUndefined();
      fault("normal");
      await world.clock.sleep(9_000);
      const again = new SerialTransport(behaviour === "lost" ? board.openSerial() : link, world.clock, {});
      await again.apply(begin);
      expect(board.flash.read("/a/x")).toEqual(bytes);
    },
  );

  test("while the board resets by itself says so, and leaves what was there", async () => {
    const transport = await start(loop);
    await transport.inventory();
    const reset = (done: number): void => {
      if (done > 5_000) void board.reset();
    };
    const error = await failure(transport.apply(putStep(bytes), { progress: reset }));
    expect(error.code).toBe("serial/rebooted");
    expect(board.flash.read("/a/x")).toBeUndefined();
  });

  test("that a person calls off ends within a second, at a prompt", async () => {
    const transport = await start(loop);
    await transport.inventory();
    const stop = new AbortController();
    let stoppedMs = 0;
    const progress = (done: number): void => {
      if (done < 5_000 || stop.signal.aborted) return;
      stop.abort();
      stoppedMs = world.clock.now();
    };
    const error = await failure(transport.apply(putStep(bytes), { progress, signal: stop.signal }));
    expect(error.code).toBe("serial/canceled");
    expect(world.clock.now() - stoppedMs).toBeLessThan(1_000);
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
  });
});
