import { describe, expect, it } from "vitest";
import { createWorld } from "../src/world.ts";
import { outputOf, programText, startBoard } from "./board-fixture.ts";

describe("virtual time", () => {
  it("lets an hour of sleeps pass in well under two seconds", async () => {
    await using fixture = await startBoard({
      main: "import time\nfor i in range(36000):\n    time.sleep_ms(100)\nprint(time.ticks_ms())\n",
    });
    const started = performance.now();
    await fixture.world.advance(3_600_001);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(programText(fixture.take())).toBe("3600000\r\n");
  });

  it("never passes what was granted", async () => {
    await using fixture = await startBoard({
      main: "import time\nwhile True:\n    print(time.ticks_ms())\n    time.sleep_ms(30)\n",
    });
    await fixture.world.advance(100);
    const times = programText(fixture.take()).trim().split("\r\n").map(Number);
    expect(times).toEqual([0, 30, 60, 90]);
    expect(fixture.world.clock.now()).toBe(100);
    expect(Math.max(...fixture.events.map(({ atMs }) => atMs))).toBeLessThanOrEqual(100);
  });

  it("ends a loop that waits for a time, and one that polls", async () => {
    const text = await outputOf(
      "import time, sys\nt = time.ticks_ms()\nwhile time.ticks_diff(time.ticks_ms(), t) < 500:\n    pass\nprint('ticks')\n" +
        "n = 0\nwhile time.ticks_us() < 1000000:\n    n += 1\nprint('us', n > 1000)\nwhile time.time() < 3:\n    sys.stdin.ioctl(3, 1)\nprint('seconds')\n",
      { ms: 3100 },
    );
    expect(text).toBe("ticks\r\nus True\r\nseconds\r\n");
  });

  it("is the same each time, to the byte and the microsecond", async () => {
    const main =
      "import time, random, os, machine\nled = machine.Pin(2, machine.Pin.OUT)\nt = machine.Timer(0)\n" +
      "t.init(period=170, callback=lambda t: print('timer', time.ticks_us()))\n" +
      "for i in range(200):\n    led.toggle()\n    print(i, time.ticks_us(), random.random(), os.urandom(2))\n    time.sleep_ms(random.randint(1, 300))\n" +
      "machine.deepsleep(1000 + random.randint(0, 999))\n";
    const run = async (seed: number): Promise<string> => {
      await using fixture = await startBoard({ main, seed });
      await fixture.world.advance(20_000);
      await fixture.ask("\x03");
      await fixture.ask("1+1\r", 25_000);
      return JSON.stringify(fixture.events);
    };
    const [first, second, other] = [await run(7), await run(7), await run(8)];
    expect(first.length).toBeGreaterThan(10_000);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });

  it("draws other random numbers at each boot", async () => {
    await using fixture = await startBoard({ main: "import os\nprint(os.urandom(8))\n" });
    const first = programText(fixture.take());
    await fixture.board.reset();
    expect(programText(fixture.take())).not.toBe(first);
  });

  it("serves those who sleep on the world's clock in their order", async () => {
    await using fixture = await startBoard();
    const { clock } = fixture.world;
    const woke: [string, number][] = [];
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woke.push([name, clock.now()]);
    };
    const all = Promise.all([sleeper("late", 300), sleeper("early", 100), sleeper("later", 1000)]);
    await fixture.world.advance(500);
    expect(woke).toEqual([
      ["early", 100],
      ["late", 300],
    ]);
    await fixture.world.advance(500);
    await all;
  });

  it("refuses a board of the same name, a second advance, and advancing real time", async () => {
    await using fixture = await startBoard();
    await expect(fixture.world.addBoard({ name: "board" })).rejects.toMatchObject({ code: "sim/bad-name" });
    const advancing = fixture.world.advance(1000);
    await expect(fixture.world.advance(1)).rejects.toMatchObject({ code: "sim/already-advancing" });
    await advancing;
    await using real = await createWorld({ mode: "real" });
    await expect(real.advance(1)).rejects.toMatchObject({ code: "sim/not-virtual" });
  });
});
