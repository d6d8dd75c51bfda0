import type { SerialLink } from "@espx/proto";
import { describe, expect, it } from "vitest";
import { PacedLine } from "../src/board/paced-line.ts";
import { ringCapacityBytes } from "../src/worker/console/serial-input.ts";
import { createWorld, type World } from "../src/world.ts";
import { type BoardFixture, startBoard } from "./board-fixture.ts";

/** A program that is busy for a second and then says what was kept for it. */
const busy =
  "import sys, time\nprint('busy')\ntime.sleep(1)\nn = 0\np = __import__('select').poll()\np.register(sys.stdin, 1)\n" +
  "while p.poll(200):\n    sys.stdin.buffer.read(1)\n    n += 1\nprint('kept', n)\n";

async function startBare(main: string): Promise<{ world: World; board: Awaited<ReturnType<World["addBoard"]>> }> {
  const world = await createWorld({ mode: "virtual" });
  const board = await world.addBoard({ name: "line", files: { "main.py": main } });
  return { world, board };
}

/** Everything that a link delivers from now on, with the world's time of the last piece. */
function collect(world: World, link: SerialLink): { text: string; lastMs: number } {
  const seen = { text: "", lastMs: 0 };
  link.listen({
    chunk: (bytes) => {
      seen.text += Buffer.from(bytes).toString("latin1");
      seen.lastMs = world.clock.now();
    },
    closed: () => {},
  });
  return seen;
}

function typeable(bytes: number): string {
  return "x".repeat(bytes);
}

describe("the input ring", () => {
  it("keeps 259 of a thousand bytes that a busy program is sent, and counts the others", async () => {
    await using fixture = await startBoard({ main: busy });
    await fixture.type(typeable(1000));
    await fixture.world.advance(3000);
    expect(fixture.take()).toContain(`kept ${ringCapacityBytes}\r\n`);
    expect(fixture.board.lostSerialBytes).toBe(1000 - ringCapacityBytes);
  });

  it("loses nothing while a program reads", async () => {
    const main = "import sys\nprint(len(sys.stdin.buffer.read(5000)))\n";
    await using fixture = await startBoard({ main });
    await fixture.type(typeable(5000));
    await fixture.world.advance(100);
    expect(fixture.take()).toContain("5000\r\n");
    expect(fixture.board.lostSerialBytes).toBe(0);
  });

  it("loses nothing of a long paste at the prompt", async () => {
    await using fixture = await startBoard({ mode: "real" });
    await fixture.waitFor(">>> ");
    await fixture.type(`a = '${typeable(3000)}'\rlen(a)\r`);
    await fixture.waitFor("3000\r\n>>> ");
    expect(fixture.board.lostSerialBytes).toBe(0);
  });

  it("lets Ctrl-C through when it is full", async () => {
    await using fixture = await startBoard({ mode: "real", main: "print('go')\nwhile True: pass\n" });
    await fixture.waitFor("go");
    await fixture.type(typeable(1000));
    await fixture.type("\x03");
    await fixture.waitFor("KeyboardInterrupt");
    expect(fixture.take()).toContain("line 2, in <module>");
  });

  it("keeps what comes during a soft reset", async () => {
    await using fixture = await startBoard({ mode: "real" });
    await fixture.waitFor(">>> ");
    fixture.take();
    await fixture.type("\x04");
    await fixture.waitFor("soft reboot");
    await fixture.type("6*7\r");
    await fixture.waitFor("42\r\n");
    expect(fixture.take()).toMatch(/soft reboot[^]*>>> 6\*7\r\n42/);
  });
});

describe("a line at a baud rate", () => {
  it("takes ten bits for each byte that the board prints, and the program waits", async () => {
    const { world, board } = await startBare(
      "import time\ntime.sleep_ms(100)\nt = time.ticks_ms()\nprint('y' * 1150)\nprint(time.ticks_diff(time.ticks_ms(), t))\n",
    );
    await using _ = world;
    const link = board.openSerial({ baudRate: 115_200 });
    const seen = collect(world, link);
    await board.powerOn();
    await world.advance(1000);
    const printedMs = Number(/y\r\n(\d+)\r\n/.exec(seen.text)?.[1]);
    // 1152 bytes less the 128 that the hardware holds, at 11.52 bytes a ms.
    expect(printedMs).toBeGreaterThanOrEqual(85);
    expect(printedMs).toBeLessThanOrEqual(101);
    expect(seen.text).toContain("y".repeat(1150));
  });

  it("takes ten bits for each byte that the board is sent, in virtual time", async () => {
    const { world, board } = await startBare(
      "import sys, time\nsys.stdin.buffer.read(1)\nt = time.ticks_ms()\nsys.stdin.buffer.read(960)\nprint('took', time.ticks_diff(time.ticks_ms(), t))\n",
    );
    await using _ = world;
    const link = board.openSerial({ baudRate: 115_200 });
    await board.powerOn();
    const texts: string[] = [];
    board.onEvent((event) => event.kind === "console" && texts.push(Buffer.from(event.bytes).toString()));
    const sent = link.write(new Uint8Array(1 + 1152).fill(120));
    await world.advance(500);
    await sent;
    const tookMs = Number(/took (\d+)/.exec(texts.join(""))?.[1]);
    // 960 bytes at 11.52 a ms, handed over in pieces of 4 ms.
    expect(tookMs).toBeGreaterThanOrEqual(79);
    expect(tookMs).toBeLessThanOrEqual(88);
  });

  it("takes that time in real time, too", async () => {
    await using world = await createWorld({ mode: "real" });
    const board = await world.addBoard({
      name: "paced",
      files: { "main.py": "import sys\nsys.stdin.buffer.read(1152)\nprint('all')\nprint('z' * 2302)\n" },
    });
    await board.powerOn();
    const link = board.openSerial({ baudRate: 115_200 });
    const all = new Promise<number>((resolve) => {
      let text = "";
      link.listen({
        chunk: (bytes) => {
          text += Buffer.from(bytes).toString();
          if (text.includes("z\r\n")) resolve(performance.now());
        },
        closed: () => {},
      });
    });
    const startMs = performance.now();
    await link.write(new Uint8Array(1152).fill(120));
    const tookMs = (await all) - startMs;
    expect(tookMs).toBeGreaterThanOrEqual(299);
    expect(tookMs).toBeLessThan(900);
  });

  it("loses what a busy program does not read, while the line goes on", async () => {
    const { world, board } = await startBare(busy);
    await using _ = world;
    const link = board.openSerial({ baudRate: 115_200 });
    const seen = collect(world, link);
    await board.powerOn();
    await world.advance(200);
    void link.write(new Uint8Array(1000).fill(120));
    await world.advance(5000);
    expect(seen.text).toContain(`kept ${ringCapacityBytes}\r\n`);
    expect(board.lostSerialBytes).toBe(1000 - ringCapacityBytes);
  });
});

/** Sets the console to another rate and answers what the host sees of its next words. */
async function changeBaud(fixture: BoardFixture): Promise<{ text: string; lastMs: number }> {
  const seen = collect(fixture.world, fixture.link);
  await fixture.ask("import machine; u = machine.UART(0, baudrate=921600)\r", 50);
  seen.text = "";
  return seen;
}

describe("the console's baud rate", () => {
  it("is what machine.UART(0) sets it to: at another rate both sides see garbage", async () => {
    await using fixture = await startBoard();
    const seen = await changeBaud(fixture);
    await fixture.ask("print('hel' + 'lo')\r", 50);
    expect(seen.text).not.toContain("hello");
    await fixture.link.setBaud(921_600);
    await fixture.ask("\r\x03", 50);
    seen.text = "";
    await fixture.ask("print('hel' + 'lo')\r", 50);
    expect(seen.text).toContain("hello\r\n");
  });

  it("outlives a soft reset and no other", async () => {
    await using fixture = await startBoard();
    const seen = await changeBaud(fixture);
    await fixture.link.setBaud(921_600);
    await fixture.ask("\r\x04", 200);
    seen.text = "";
    await fixture.ask("1+1\r", 50);
    expect(seen.text).toContain("2\r\n");
    await fixture.board.reset();
    await fixture.world.advance(100);
    seen.text = "";
    await fixture.ask("1+1\r", 50);
    expect(seen.text).not.toContain("2\r\n");
    await fixture.link.setBaud(115_200);
    await fixture.ask("\r\x03", 50);
    seen.text = "";
    await fixture.ask("1+1\r", 50);
    expect(seen.text).toContain("2\r\n");
  });
});

describe("the chip's own USB", () => {
  it("is a second way in: both see what the board prints, and both are heard", async () => {
    await using fixture = await startBoard();
    const usb = fixture.board.openSerial({ port: "usb" });
    expect(usb.traits.kind).toBe("usb-jtag");
    expect(() => fixture.board.openSerial({ port: "usb" })).toThrowError(
      expect.objectContaining({ code: "port/busy" }),
    );
    const [overUart, overUsb] = [collect(fixture.world, fixture.link), collect(fixture.world, usb)];
    await usb.write(Buffer.from("20+1\r"));
    await fixture.world.advance(10);
    await fixture.ask("20+2\r");
    expect(overUsb.text).toBe(overUart.text);
    expect(overUsb.text).toContain("21\r\n>>> 20+2\r\n22\r\n");
  });

  it("holds the sender up instead of losing bytes", async () => {
    await using world = await createWorld({ mode: "real" });
    const main = "import sys, time\ntime.sleep_ms(300)\nprint(len(sys.stdin.buffer.read(20000)))\n";
    const board = await world.addBoard({ name: "native", files: { "main.py": main } });
    await board.powerOn();
    const link = board.openSerial({ port: "usb" });
    const done = new Promise<void>((resolve) => {
      let text = "";
      link.listen({
        chunk: (bytes) => (text += Buffer.from(bytes).toString()).includes("20000\r\n") && resolve(),
        closed: () => {},
      });
    });
    const startMs = performance.now();
    await link.write(new Uint8Array(20_000).fill(120));
    expect(performance.now() - startMs).toBeGreaterThan(150);
    await done;
    expect(board.lostSerialBytes).toBe(0);
  });
});

describe("a bad line", () => {
  it("flips a bit of a byte now and then, or loses a byte", async () => {
    await using fixture = await startBoard();
    const seen = collect(fixture.world, fixture.link);
    fixture.board.fault({ kind: "serial", behaviour: "noise" });
    fixture.take();
    await fixture.board.reset();
    const whole = fixture.take();
    expect(seen.text).toHaveLength(whole.length);
    const wrong = Array.from(seen.text).filter((char, at) => char !== whole[at]).length;
    expect(wrong).toBeGreaterThan(0);
    expect(wrong).toBeLessThan(whole.length / 10);
    fixture.board.fault({ kind: "serial", behaviour: "loss" });
    seen.text = "";
    await fixture.board.reset();
    expect(seen.text.length).toBeLessThan(fixture.take().length);
  });

  it("reaches the program with what it spoils", async () => {
    const main = "import sys\nb = sys.stdin.buffer.read(2000)\nprint('wrong', sum(1 for x in b if x != 120))\n";
    await using fixture = await startBoard({ main });
    fixture.board.fault({ kind: "serial", behaviour: "noise" });
    await fixture.type(typeable(2000));
    await fixture.world.advance(100);
    const wrong = Number(/wrong (\d+)/.exec(fixture.take())?.[1]);
    expect(wrong).toBeGreaterThan(5);
    expect(wrong).toBeLessThan(200);
  });
});

describe("machine.UART", () => {
  it("offers the console as number 0 and hears itself where its pins meet", async () => {
    await using fixture = await startBoard();
    await fixture.ask("from machine import UART\r");
    expect(await fixture.ask("UART(1, 9600, tx=4, rx=5)\r")).toContain(
      "UART(1, baudrate=9600, bits=8, parity=None, stop=1, tx=4, rx=5, rts=-1, cts=-1)",
    );
    await fixture.ask("u = UART(2, 9600, tx=4, rx=4)\r");
    expect(await fixture.ask("u.write(b'hello\\nyou'), u.any(), u.readline(), u.read(), u.read()\r")).toContain(
      "(9, 9, b'hello\\n', b'you', None)",
    );
    expect(await fixture.ask("UART(3)\r")).toContain("ValueError: UART(3) does not exist");
    expect(await fixture.ask("UART(0).write(b'raw\\n')\r")).toContain("raw\n4");
  });
});

it("a byte that is due the moment it is sent does not hold up those behind it", async () => {
  let nowMs = 0;
  // Every look at this clock takes a millisecond; a byte takes less.
  const clock = { now: () => nowMs++, sleep: () => Promise.resolve() };
  const arrived: number[] = [];
  const line = new PacedLine(clock, (bytes) => arrived.push(...bytes));
  line.baudRate = 921_600;
  for (const byte of [1, 2, 3]) {
    line.send(Uint8Array.of(byte));
    await line.drained();
  }
  expect(arrived).toEqual([1, 2, 3]);
});
