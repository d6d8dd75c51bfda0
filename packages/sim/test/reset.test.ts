import { describe, expect, it } from "vitest";
import { programText, startBoard } from "./board-fixture.ts";

const boots = (events: readonly { readonly kind: string; readonly atMs: number }[]): unknown[] =>
  events.filter(({ kind }) => kind === "boot" || kind === "off").map(({ kind, ...rest }) => ({ kind, ...rest }));

describe("the reset causes", () => {
  it("are power-on, hard for machine.reset, soft for Ctrl-D, and power-on for the EN button", async () => {
    await using fixture = await startBoard({ main: "import machine\nprint('cause', machine.reset_cause())\n" });
    expect(programText(fixture.take())).toContain("cause 1");
    expect(await fixture.ask("\x04")).toContain("cause 5");
    expect(await fixture.ask("machine.reset()\r")).toContain("cause 2");
    await fixture.board.reset();
    expect(fixture.take()).toContain("cause 1");
  });

  it("have the numbers of the ESP32 port", async () => {
    await using fixture = await startBoard();
    fixture.take();
    await fixture.ask("from machine import *\r");
    expect(await fixture.ask("PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET\r")).toContain(
      "(1, 2, 3, 4, 5)",
    );
  });
});

describe("machine.soft_reset", () => {
  it("restarts from main.py and from the prompt", async () => {
    const main =
      "import machine\nprint('cause', machine.reset_cause())\nif machine.reset_cause() == 1:\n    machine.soft_reset()\nprint('end')\n";
    await using fixture = await startBoard({ main });
    await fixture.world.advance(10);
    expect(programText(fixture.take())).toBe("cause 1\r\nMPY: soft reboot\r\ncause 5\r\nend\r\n");
    expect(await fixture.ask("machine.soft_reset()\r")).toContain("MPY: soft reboot\r\ncause 5\r\n");
  });

  it("writes files out that were left open", async () => {
    await using fixture = await startBoard();
    await fixture.ask("f = open('a.txt', 'w'); f.write('kept')\r");
    await fixture.ask("\x04");
    fixture.take();
    expect(await fixture.ask("open('a.txt').read()\r")).toContain("'kept'");
  });
});

describe("the watchdog", () => {
  it("resets a board that hangs in a sleep, at its time", async () => {
    await using fixture = await startBoard({
      main: "import machine, time\nprint(machine.reset_cause())\nif machine.reset_cause() == 1:\n    machine.WDT(timeout=2000)\n    time.sleep(10)\n",
    });
    await fixture.world.advance(5000);
    expect(boots(fixture.events)).toEqual([
      { kind: "boot", cause: "power-on", atMs: 0 },
      { kind: "off", why: "watchdog", atMs: 2000 },
      { kind: "boot", cause: "watchdog", atMs: 2000 },
    ]);
    expect(programText(fixture.take())).toBe("1\r\n3\r\n");
  });

  it("resets a board that never looks at the clock", async () => {
    await using fixture = await startBoard({
      quietMs: 200,
      main: "import machine\nprint(machine.reset_cause())\nif machine.reset_cause() == 1:\n    machine.WDT(timeout=2000)\n    while True:\n        pass\n",
    });
    await fixture.world.advance(5000);
    expect(boots(fixture.events).at(-1)).toEqual({ kind: "boot", cause: "watchdog", atMs: 2000 });
  });

  it("is kept off by feeding, and its timeout can be changed", async () => {
    await using fixture = await startBoard({
      main:
        "import machine, time\nw = machine.WDT(timeout=1000)\nfor i in range(10):\n    time.sleep_ms(900)\n    w.feed()\n" +
        "machine.WDT(timeout=8000)\ntime.sleep_ms(7900)\nw.feed()\nprint('alive', time.ticks_ms())\ntime.sleep_ms(7900)\nprint('still')\n",
    });
    await fixture.world.advance(24_900);
    expect(programText(fixture.take())).toBe("alive 16900\r\nstill\r\n");
  });

  it("outlives a soft reset", async () => {
    await using fixture = await startBoard();
    await fixture.ask("import machine; w = machine.WDT(timeout=3000)\r");
    await fixture.ask("\x04");
    await fixture.world.advance(5000);
    expect(boots(fixture.events).at(-1)).toMatchObject({ cause: "watchdog" });
  });

  it("bites in real time, too, even a loop that never calls the host", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: "import machine\nprint('cause', machine.reset_cause())\nif machine.reset_cause() == 1:\n    machine.WDT(timeout=100)\n    while True:\n        pass\n",
    });
    await fixture.waitFor("cause 3");
    expect(boots(fixture.events).at(-1)).toMatchObject({ cause: "watchdog" });
  });
});

describe("deep sleep", () => {
  it("keeps RTC memory, loses the rest, and wakes by the timer", async () => {
    await using fixture = await startBoard({
      main:
        "import machine\nr = machine.RTC()\nprint(machine.reset_cause(), machine.wake_reason(), r.memory())\n" +
        "if machine.reset_cause() == 1:\n    r.memory(b'kept')\n    machine.deepsleep(60000)\n",
    });
    expect(fixture.board.running).toBe(false);
    await fixture.world.advance(59_999);
    expect(fixture.board.running).toBe(false);
    await fixture.world.advance(1);
    expect(fixture.board.running).toBe(true);
    expect(programText(fixture.take())).toBe("1 0 b''\r\n4 4 b'kept'\r\n");
  });

  it("without a time lasts until EN or power", async () => {
    await using fixture = await startBoard({
      main: "import machine\nif machine.reset_cause() == 1 and not machine.RTC().memory():\n    machine.RTC().memory('x')\n    machine.deepsleep()\nprint('up')\n",
    });
    await fixture.world.advance(1_000_000_000);
    expect(fixture.board.running).toBe(false);
    await fixture.board.reset();
    expect(programText(fixture.take())).toBe("up\r\n");
  });

  it("ends in real time as well", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: "import machine\nprint('cause', machine.reset_cause())\nif machine.reset_cause() == 1:\n    machine.deepsleep(100)\n",
    });
    await fixture.waitFor("cause 4");
    expect(boots(fixture.events)).toHaveLength(3);
  });
});

describe("RTC memory", () => {
  it("survives machine.reset, the watchdog and EN, not power-off, and holds 2048 bytes", async () => {
    await using fixture = await startBoard({ main: "import machine\nprint('rtc', len(machine.RTC().memory()))\n" });
    expect(fixture.take()).toContain("rtc 0");
    expect(await fixture.ask("machine.RTC().memory(bytes(2049))\r")).toContain("ValueError: buffer too long");
    await fixture.ask("machine.RTC().memory(bytes(2048))\r");
    expect(await fixture.ask("machine.reset()\r")).toContain("rtc 2048");
    expect(await fixture.ask("machine.WDT(timeout=10)\r", 100)).toContain("rtc 2048");
    await fixture.board.reset();
    expect(fixture.take()).toContain("rtc 2048");
    await fixture.board.powerOff();
    await fixture.board.powerOn();
    expect(fixture.take()).toContain("rtc 0");
  });
});
