import { afterEach, describe, expect, it } from "vitest";
import { closeWorlds, runScript } from "./harness.ts";

afterEach(closeWorlds);

const prelude = `
import time
from espx.loop import *
from espx.state_machine import StateMachine
loop = Loop()
sm = StateMachine(loop, "sm")
for name in ("red", "green", "blue"):
    sm.add_state(name, lambda name=name: print("enter", name))
sm.add_transition("initial", "red")
sm.add_transition("red", "green")
sm.add_transition("green", "red")
def run(ms):
    loop.running = True
    loop.once("stop", lambda task: setattr(loop, "running", False), ms)
    loop.run()
`;

describe("state machine", () => {
  it("E04 makes declared transitions only, and says each one", async () => {
    const lines = await runScript(
      `${prelude}
sm.schedule_trans_now("red"); run(10)
sm.schedule_trans_now("blue"); run(10)
sm.schedule_trans_now("nowhere"); run(10)
print(sm.state)`,
      1000,
    );
    expect(lines).toEqual([
      "sm: initial -> red",
      "enter red",
      "sm: no transition red -> blue",
      "sm: no transition red -> nowhere",
      "red",
    ]);
  });

  it("E04 never makes a transition inside the caller's stack", async () => {
    const lines = await runScript(
      `${prelude}
sm.schedule_trans_now("red"); print("caller goes on in", sm.state); run(10)`,
      1000,
    );
    expect(lines[0]).toBe("caller goes on in initial");
  });

  it("E04 cancels tasks and polled objects of a state when it is left", async () => {
    const lines = await runScript(
      `${prelude}
import io
class Ready(io.IOBase):
    def ioctl(self, request, arg): return POLLIN if request == 3 else 0
def enter_red():
    sm.recurring_task("tick", lambda task: print("tick"), 40)
    sm.onetime_task("never", lambda task: print("never"), 110)
    sm.poll_object("ready", Ready(), POLLOUT, lambda flags: print("polled"))
sm.add_state("red", enter_red)
sm.schedule_trans_now("red")
sm2 = loop.once("go", lambda task: sm.schedule_trans_now("green"), 100)
run(300)
print(len(loop._tasks), list(loop._polled))`,
      2000,
    );
    expect(lines.filter((line) => line === "tick")).toHaveLength(2);
    expect(lines).not.toContain("never");
    expect(lines.at(-1)).toBe("0 []");
  });

  it("E04 cancels what is bound to a state also when a scheduled transition leaves it", async () => {
    const lines = await runScript(
      `${prelude}
sm.schedule_trans_now("red"); run(5)
sm.recurring_task("tick", lambda task: print("tick"), 40)
sm.schedule_trans("green", 100)
run(300)
print(len(loop._tasks))`,
      2000,
    );
    expect(lines.filter((line) => line === "tick")).toHaveLength(2);
    expect(lines.at(-1)).toBe("0");
  });

  it("E04 registers polled objects under the machine's name", async () => {
    const lines = await runScript(
      `${prelude}
import io
class Idle(io.IOBase):
    def ioctl(self, request, arg): return 0
sm.poll_object("x", Idle(), POLLIN, print)
print(list(loop._polled))
sm.unpoll_object("x")
print(list(loop._polled))`,
      1000,
    );
    expect(lines).toEqual(["['sm_x']", "[]"]);
  });

  it("E04 schedules a transition whose restart serves as an inactivity timer", async () => {
    const lines = await runScript(
      `${prelude}
t0 = time.ticks_ms()
sm.schedule_trans_now("red"); run(5)
timer = sm.schedule_trans("green", 100)
print(timer.name)
loop.once("activity", lambda task: timer.restart(), 60)
sm.add_state("green", lambda: print("green", time.ticks_diff(time.ticks_ms(), t0)))
run(300)`,
      2000,
    );
    expect(lines).toContain("sm$red$green");
    expect(lines).toContain("green 165");
  });

  it("E04 detaches a one-shot task before its callback runs", async () => {
    const lines = await runScript(
      `${prelude}
sm.onetime_task("once", lambda task: print(len(sm._tasks)), 10)
run(50)`,
      1000,
    );
    expect(lines).toEqual(["0"]);
  });

  it("E05 calls a one-shot observer on entry, or at once in that state", async () => {
    const lines = await runScript(
      `${prelude}
sm.observe("early", "red", lambda: print("early sees red"))
sm.schedule_trans_now("red"); run(10)
sm.observe("late", "red", lambda: print("late sees red at once"))
sm.schedule_trans_now("green"); run(10)
sm.schedule_trans_now("red"); run(10)`,
      1000,
    );
    expect(lines.filter((line) => line.includes("sees"))).toEqual(["early sees red", "late sees red at once"]);
    expect(lines.indexOf("enter red")).toBeLessThan(lines.indexOf("early sees red"));
  });

  it("E05 keeps one observer a name, the later one", async () => {
    const lines = await runScript(
      `${prelude}
sm.observe("x", "red", lambda: print("first"))
sm.observe("x", "red", lambda: print("second"))
sm.observe("y", "red", lambda: print("gone"))
sm.unobserve("y")
sm.schedule_trans_now("red"); run(10)`,
      1000,
    );
    expect(lines.slice(2)).toEqual(["second"]);
  });
});
