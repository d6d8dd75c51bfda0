import { afterEach, describe, expect, it } from "vitest";
import { closeWorlds, makeBoard, library, runScript } from "./harness.ts";

afterEach(closeWorlds);

/** A loop, and `at()`, the milliseconds since it was made. */
const prelude = `
import time
from espx.loop import *
loop = Loop()
t0 = time.ticks_ms()
def at(): return time.ticks_diff(time.ticks_ms(), t0)
def stop(ms): loop.once("stop", lambda task: setattr(loop, "running", False), ms)
`;

describe("tasks", () => {
  it("E01 runs tasks by due time and counts a period from the end of its callback", async () => {
    const lines = await runScript(
      `${prelude}
def slow(task):
    print("slow", at()); time.sleep_ms(50)
loop.recurring("slow", slow, 100)
loop.once("late", lambda task: print("late", at()), 220)
loop.once("early", lambda task: print("early", at()), 10)
stop(500)
loop.run()`,
      1000,
    );
    expect(lines).toEqual(["early 10", "slow 100", "late 220", "slow 250", "slow 400"]);
  });

  it("E01 runs tasks that are due together in the order in which they were scheduled", async () => {
    const lines = await runScript(
      `${prelude}
for name in "abc": loop.once(name, lambda task: print(task.name, at()), 100)
stop(200)
loop.run()`,
      1000,
    );
    expect(lines).toEqual(["a 100", "b 100", "c 100"]);
  });

  it("E02 adds a fudge of 0..fudge ms that is drawn anew for each period", async () => {
    const lines = await runScript(
      `${prelude}
last = [0]
def tick(task):
    print(at() - last[0]); last[0] = at()
loop.recurring("tick", tick, 1000, 500)
stop(100000)
loop.run()`,
      110_000,
    );
    const periods = lines.map(Number);
    expect(periods.length).toBeGreaterThan(60);
    expect(Math.min(...periods)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...periods)).toBeLessThanOrEqual(1500);
    expect(Math.max(...periods) - Math.min(...periods)).toBeGreaterThan(300);
    expect(new Set(periods).size).toBeGreaterThan(30);
  });

  it("E02 lets a callback cancel, advance and restart its own task", async () => {
    const lines = await runScript(
      `${prelude}
n = {"cancel": 0, "advance": 0, "once": 0}
def count(task, act):
    n[task.name] += 1
    print(task.name, n[task.name], at())
    if n[task.name] < 3: act and act()
def cancel(task):
    count(task, None); task.cancel()
def advance(task):
    count(task, task.advance)
def once(task):
    count(task, task.restart)
loop.recurring("cancel", cancel, 100)
loop.recurring("advance", advance, 150)
loop.once("once", once, 40)
stop(290)
loop.run()`,
      1000,
    );
    expect(lines).toEqual([
      "once 1 40",
      "once 2 80",
      "cancel 1 100",
      "once 3 120",
      "advance 1 150",
      "advance 2 150",
      "advance 3 150",
    ]);
  });

  it("E02 does not run a task that another task cancelled, and runs one that it advanced", async () => {
    const lines = await runScript(
      `${prelude}
a = loop.once("a", lambda task: print("a"), 100)
b = loop.once("b", lambda task: print("b", at()), 200)
def both(task):
    a.cancel(); b.advance()
loop.once("both", both, 50)
stop(300)
loop.run()`,
      1000,
    );
    expect(lines).toEqual(["b 50"]);
  });

  it("E03 rejects delays that do not fit half the tick period", async () => {
    const lines = await runScript(
      `${prelude}
for delay, fudge in ((-1, 0), (1 << 29, 0), ((1 << 29) - 10, 10), ((1 << 30) - 1, 0), ((1 << 29) - 11, 10)):
    try:
        loop.once("x", print, delay, fudge).cancel(); print("taken")
    except ValueError as error:
        print(error)`,
      1000,
    );
    expect(lines[0]).toBe("task x: delay of -1 + 0 ms is outside 0..2^29-1");
    expect(lines.slice(0, 4).every((line) => line.includes("outside 0..2^29-1"))).toBe(true);
    expect(lines[4]).toBe("taken");
  });

  it("E03 keeps order and delays when the clock wraps around", async () => {
    const lines = await runScript(
      `${prelude}
period = 1 << 30
for start in (0, period - 1, period - 50, period - 100, period // 2 - 50):
    now = [start]
    loop = Loop(lambda: now[0])
    seen = []
    loop.recurring("r", lambda task: seen.append(("r", time.ticks_diff(now[0], start))), 40)
    loop.once("o", lambda task: seen.append(("o", time.ticks_diff(now[0], start))), 60)
    for _ in range(400):
        loop.step(0)
        now[0] = (now[0] + 1) % period
        if time.ticks_diff(now[0], start) == 130: break
        loop.step(0)
    print(seen)`,
      5000,
    );
    expect(new Set(lines)).toEqual(new Set(["[('r', 40), ('o', 60), ('r', 80), ('r', 120)]"]));
    expect(lines).toHaveLength(5);
  });

  it("E03 counts the uptime over many periods of the clock", async () => {
    const lines = await runScript(
      `${prelude}
now = [0]
loop = Loop(lambda: now[0])
for day in range(40):
    now[0] = (now[0] + 86400 * 1000) % (1 << 30)
    loop.uptime_s()
print(loop.uptime_s() // 86400)`,
      1000,
    );
    expect(lines).toEqual(["40"]);
  });

  it("step answers when it is next due, and waits for at most as long as it may", async () => {
    const lines = await runScript(
      `${prelude}
loop.once("x", lambda task: print("x", at()), 100)
print(loop.step(30), at())
print(loop.step(30), at())
print(loop.step(1000), at())
print(loop.step(70), at())`,
      2000,
    );
    expect(lines).toEqual(["30 30", "30 60", "x 100", "1000 100", "70 170"]);
  });
});

/** An object that can be polled and answers as told. */
const pollable = `
import io
class Fake(io.IOBase):
    def __init__(self): self.flags = 0; self.error = None
    def ioctl(self, request, arg):
        if request == 3:
            if self.error: raise OSError(self.error)
            return self.flags
        return 0
`;

describe("polled objects", () => {
  it("E06 calls back with the flags, and replaces an object of the same name", async () => {
    const lines = await runScript(
      `${prelude}${pollable}
old, new = Fake(), Fake()
old.flags = new.flags = POLLIN
def seen(flags):
    print("new", flags); new.flags = 0
loop.poll_object("x", old, POLLIN, lambda flags: print("old"))
loop.poll_object("x", new, POLLIN, seen)
loop.unpoll_object("unknown")
stop(100)
loop.run()`,
      1000,
    );
    expect(lines).toEqual(["new 1"]);
  });

  it("E06 unregisters an object with an error flag and tells its callback once", async () => {
    const lines = await runScript(
      `${prelude}${pollable}
for flag in (POLLERR, POLLHUP, POLLNVAL):
    fake = Fake(); fake.flags = flag
    loop.running = True
    loop.poll_object("x", fake, POLLIN, lambda flags: print(flags == flag, "x" in loop._polled))
    stop(50)
    loop.run()`,
      1000,
    );
    expect(lines).toEqual(["True False", "True False", "True False"]);
  });

  it("E06 unregisters the object that makes the poll itself fail", async () => {
    const lines = await runScript(
      `${prelude}${pollable}
good, bad = Fake(), Fake()
def hear(flags):
    print("good", flags); good.flags = 0
loop.poll_object("good", good, POLLIN, hear)
loop.poll_object("bad", bad, POLLIN, lambda flags: print("bad", flags == POLLERR))
def spoil(task): bad.error = 9
def wake(task): good.flags = POLLIN
loop.once("spoil", spoil, 10)
loop.once("wake", wake, 20)
stop(50)
loop.run()
print(list(loop._polled))`,
      1000,
    );
    expect(lines).toEqual(["bad True", "good 1", "['good']"]);
  });

  it("E07 serves an object at least every second turn while tasks are always overdue", async () => {
    const lines = await runScript(
      `${prelude}${pollable}
fake = Fake(); fake.flags = POLLIN
turns = []
loop.poll_object("x", fake, POLLIN, lambda flags: turns.append("p"))
def busy(task):
    turns.append("t"); time.sleep_ms(5)
loop.recurring("busy1", busy, 0)
loop.recurring("busy2", busy, 0)
stop(500)
loop.run()
print("".join(turns[:8]), "tt" in "".join(turns), "pp" in "".join(turns))`,
      2000,
    );
    expect(lines).toEqual([expect.stringMatching(/^(ptptptpt|tptptptp) False False$/)]);
  });
});

describe("the rest of the loop", () => {
  it.each([
    ["high", "False", 1],
    ["low", "True", 0],
  ] as const)("E08 drives the activity LED %s while callbacks run", async (_, inverse, active) => {
    const device = await makeBoard({
      ...(await library()),
      "/main.py": `${prelude}
from machine import Pin
loop.use_led(Pin(4, Pin.OUT), ${inverse})
loop.once("work", lambda task: time.sleep_ms(30), 100)
stop(200)
loop.run()`,
    });
    await device.powerOn(500);
    const levels = device.pins.filter((event) => event.pin === 4);
    const on = levels.filter((event) => event.value === active);
    expect(on).toHaveLength(2);
    const off = levels.find((event) => event.atMs > (on[0]?.atMs ?? 0) && event.value !== active);
    expect((off?.atMs ?? 0) - (on[0]?.atMs ?? 0)).toBeCloseTo(30, 0);
  });

  it("E08 drives no pin without an activity LED", async () => {
    const device = await makeBoard({
      ...(await library()),
      "/main.py": `${prelude}loop.once("work", lambda task: None, 10)\nstop(50)\nloop.run()`,
    });
    await device.powerOn(200);
    expect(device.pins).toEqual([]);
  });

  it("E10 collects garbage and reports the heap every 60 s", async () => {
    const lines = await runScript(`${prelude}loop.collect_every_minute()\nstop(200000)\nloop.run()`, 201_000);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^gc: \d+ B allocated, \d+ B free$/);
  });

  it("turns a thousand times without growing the heap", async () => {
    const lines = await runScript(
      `${prelude}
import gc
loop.recurring("tick", lambda task: None, 10)
for _ in range(10): loop.step()
gc.collect(); before = gc.mem_alloc()
for _ in range(1000): loop.step()
gc.collect(); print(gc.mem_alloc() - before)`,
      60_000,
    );
    expect(Math.abs(Number(lines[0]))).toBeLessThan(2000);
  });
});
