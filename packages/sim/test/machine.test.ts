import { describe, expect, it } from "vitest";
import { outputOf, programText, startBoard } from "./board-fixture.ts";

const pinEvents = (events: readonly { readonly kind: string }[]): unknown[] =>
  events.filter(({ kind }) => kind === "pin");
const about = (ms: number): unknown => expect.closeTo(ms, 0);

describe("machine.Pin", () => {
  it("shows what the program drives, and tells when it changes", async () => {
    await using fixture = await startBoard({
      main: "import machine, time\nled = machine.Pin(2, machine.Pin.OUT)\nfor i in range(3):\n    time.sleep_ms(100)\n    led.toggle()\nled.value(1)\nled(0)\nprint(led(), led.value())\nled.on()\n",
    });
    await fixture.world.advance(1000);
    expect(pinEvents(fixture.events)).toEqual([
      { kind: "pin", pin: 2, value: 1, atMs: about(100) },
      { kind: "pin", pin: 2, value: 0, atMs: about(200) },
      { kind: "pin", pin: 2, value: 1, atMs: about(300) },
      expect.objectContaining({ value: 0 }),
      expect.objectContaining({ value: 1 }),
    ]);
    expect(fixture.board.pin(2)).toBe(1);
    expect(programText(fixture.take())).toBe("0 0\r\n");
  });

  it("reads what the outside drives, or its pull", async () => {
    await using fixture = await startBoard();
    await fixture.ask("from machine import Pin; up = Pin(4, Pin.IN, Pin.PULL_UP); down = Pin(5, Pin.IN)\r");
    fixture.take();
    expect(await fixture.ask("up(), down()\r")).toContain("(1, 0)");
    fixture.board.setPin(4, 0);
    fixture.board.setPin(5, 1);
    expect(await fixture.ask("up(), down()\r")).toContain("(0, 1)");
    expect(fixture.board.pin(5)).toBe(1);
  });

  it("as an open drain pulls low, or lets the outside decide", async () => {
    await using fixture = await startBoard();
    await fixture.ask("from machine import Pin; p = Pin(4, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)\r");
    fixture.take();
    expect(await fixture.ask("p(), p.off(), p()\r")).toContain("(1, None, 0)");
    await fixture.ask("p.on()\r");
    fixture.board.setPin(4, 0);
    expect(await fixture.ask("p()\r")).toContain("0\r\n");
  });

  it("runs its interrupt handler on the edges that it asks for", async () => {
    await using fixture = await startBoard({
      main: "import machine, time\np = machine.Pin(4, machine.Pin.IN)\np.irq(lambda pin: print('edge', pin, pin()), machine.Pin.IRQ_FALLING)\ntime.sleep(10)\n",
    });
    fixture.take();
    for (const value of [1, 0, 1, 0] as const) {
      fixture.board.setPin(4, value);
      await fixture.world.advance(10);
    }
    expect(fixture.take()).toBe("edge Pin(4) 0\r\nedge Pin(4) 0\r\n");
  });

  it("refuses pins that the chip does not have, and driving those that are only inputs", async () => {
    await using fixture = await startBoard();
    await fixture.ask("from machine import Pin\r");
    expect(await fixture.ask("Pin(24)\r")).toContain("ValueError: invalid pin");
    expect(await fixture.ask("Pin(34, Pin.OUT)\r")).toContain("ValueError: pin can only be input");
    expect(() => fixture.board.setPin(77, 1)).toThrowError(expect.objectContaining({ code: "sim/bad-pin" }));
  });

  it("falls back when the chip restarts", async () => {
    await using fixture = await startBoard();
    await fixture.ask("import machine; machine.Pin(2, machine.Pin.OUT, value=1)\r");
    expect(fixture.board.pin(2)).toBe(1);
    await fixture.ask("machine.reset()\r");
    expect(fixture.board.pin(2)).toBe(0);
  });
});

describe("machine.Timer", () => {
  it("calls back periodically or once, inside the waits of the program", async () => {
    const text = await outputOf(
      "import machine, time\nt = machine.Timer(0)\nt.init(period=100, callback=lambda t: print('tick', time.ticks_ms()))\n" +
        "machine.Timer(1, mode=machine.Timer.ONE_SHOT, period=250, callback=lambda t: print('once'))\ntime.sleep_ms(350)\nt.deinit()\ntime.sleep_ms(500)\nprint('end')\n",
      { ms: 1000 },
    );
    expect(text).toBe("tick 100\r\ntick 200\r\nonce\r\ntick 300\r\nend\r\n");
  });

  it("prints what a callback raises and goes on", async () => {
    const text = await outputOf(
      "import machine, time\nmachine.Timer(0, mode=0, period=10, callback=lambda t: 1 / 0)\ntime.sleep_ms(50)\nprint('end')\n",
      { ms: 100 },
    );
    expect(text).toContain("ZeroDivisionError: divide by zero\r\nend\r\n");
  });
});

describe("time", () => {
  it("counts from the start of the chip, and dates from 2000", async () => {
    await using fixture = await startBoard();
    await fixture.world.advance(90_000);
    await fixture.ask("import time, machine\r");
    fixture.take();
    expect(await fixture.ask("time.ticks_ms() // 100, time.time(), time.gmtime()\r")).toContain(
      "(900, 90, (2000, 1, 1, 0, 1, 30, 5, 1))",
    );
    await fixture.ask("machine.RTC().datetime((2026, 11, 21, 0, 12, 30, 0, 0))\r");
    expect(await fixture.ask("time.localtime()[:6], time.time(), time.mktime(time.gmtime())\r")).toContain(
      "((2026, 11, 21, 12, 30, 0), 848579400, 848579400)",
    );
    await fixture.ask("machine.reset()\r");
    await fixture.ask("import time\r");
    fixture.take();
    expect(await fixture.ask("time.ticks_ms() < 1000, time.gmtime()[:5]\r")).toContain(
      "(True, (2026, 11, 21, 12, 30))",
    );
  });

  it("sleeps as long as it says", async () => {
    const text = await outputOf(
      "import time\nt = time.ticks_us()\ntime.sleep(1.5)\ntime.sleep_ms(200)\ntime.sleep_us(300)\nprint(time.ticks_diff(time.ticks_us(), t))\n",
      { ms: 2000 },
    );
    expect(Number(text)).toBe(1_700_320);
  });
});

describe("os and hashlib", () => {
  it("list and stat files with their sizes", async () => {
    const text = await outputOf(
      "import os\nprint(list(os.ilistdir('/d')), os.stat('/d/a')[0], os.stat('/d/a')[6], os.stat('/d')[0] == 0x4000)\n" +
        "v = os.statvfs('/')\nprint(v[0], v[2] * v[0], 0 < v[3] < v[2])\nos.sync()\nprint(os.dupterm(None), len(os.urandom(5)))\n",
      { files: { "/d/a": "12345", "/d/b/c": "x" } },
    );
    expect(text.split("\r\n")[0]).toBe("[('a', 32768, 0, 5), ('b', 16384, 0, 0)] 32768 5 True");
    expect(text.split("\r\n")[1]).toMatch(/^4096 \d+ True$/);
    expect(text.split("\r\n")[2]).toBe("None 5");
  });

  it("have the three digests of the chip, each asked for once", async () => {
    const text = await outputOf(
      "import hashlib, binascii\nfor h in (hashlib.md5, hashlib.sha1, hashlib.sha256):\n    d = h(b'ab')\n    d.update(b'c')\n    print(binascii.hexlify(d.digest()).decode())\n" +
        "try:\n    d.digest()\nexcept ValueError as e:\n    print(e)\n",
    );
    expect(text.split("\r\n")).toEqual([
      "900150983cd24fb0d6963f7d28e17f72",
      "a9993e364706816aba3e25717850c26c9cd0d89d",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "hash is final",
      "",
    ]);
  });
});
