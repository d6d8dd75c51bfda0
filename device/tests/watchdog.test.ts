import { afterEach, describe, expect, it } from "vitest";
import { app } from "./apps.ts";
import { closeWorlds, makeDevice } from "./harness.ts";

afterEach(closeWorlds);

/** Blocks the loop for `forMs`, `afterMs` from its start. */
const blocks = (afterMs: number, forMs: number): string =>
  app(
    `ctx.say("started")\nctx.loop.once("block", lambda task: (ctx.say("blocks"), time.sleep_ms(${forMs}), ctx.say("goes on")), ${afterMs})`,
  );

describe("watchdog", () => {
  it("E13 resets a blocked program 15 s after the last feed", async () => {
    const device = await makeDevice({
      app: blocks(60_000, 600_000),
      components: [],
      config: "ssid (none)\nwatchdog 1\n",
    });
    await device.powerOn(90_000);
    expect(device.boots).toEqual(["power-on", "watchdog"]);
    const resetMs = device.when("rst:", 20_000);
    expect(resetMs - device.when("blocks")).toBeGreaterThanOrEqual(13_900);
    expect(resetMs - device.when("blocks")).toBeLessThan(16_000);
  });

  it("can be fed by a tool at the prompt, once it is armed", async () => {
    const device = await makeDevice({
      app: app(`ctx.say("started")`),
      components: [],
      config: "ssid (none)\nwatchdog 1\n",
    });
    await device.powerOn(30_000);
    await device.type("\x03");
    await device.type("from espx import watchdog\r");
    await device.type("watchdog.feed(); print('fed', len(watchdog._armed))\r", 1_000);
    expect(device.text).toContain("fed 1");
  });

  it("E13 is off by default, and with the value 0", async () => {
    for (const config of ["ssid (none)\n", "ssid (none)\nwatchdog 0\n"]) {
      const device = await makeDevice({ app: blocks(60_000, 120_000), components: [], config });
      await device.powerOn(200_000);
      expect(device.boots).toEqual(["power-on"]);
      expect(device.text).toContain("goes on");
    }
  });

  it("E13 leaves 10 s of grace, in which a program may be blocked", async () => {
    const config = "ssid (none)\nstartdelay 0\nwatchdog 1\n";
    const inGrace = await makeDevice({ app: blocks(9_000, 30_000), components: [], config });
    await inGrace.powerOn(45_000);
    expect(inGrace.boots).toEqual(["power-on"]);
    const afterGrace = await makeDevice({ app: blocks(11_000, 30_000), components: [], config });
    await afterGrace.powerOn(45_000);
    expect(afterGrace.boots).toEqual(["power-on", "watchdog"]);
  });

  it("E13 starts after a random pause of 0..10 s at power-on, and at once after other resets", async () => {
    const device = await makeDevice({ app: app(`ctx.say("started")`), components: [], config: "ssid (none)\n" });
    const pauses: number[] = [];
    for (let cycle = 0; cycle < 12; cycle++) {
      const fromMs = device.world.clock.now();
      await device.powerCycle(11_000);
      pauses.push(device.when("started", fromMs) - fromMs);
    }
    expect(Math.max(...pauses)).toBeLessThan(10_500);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(2_000);
    const fromMs = device.world.clock.now();
    await device.type("\x03");
    await device.type("\x04", 11_000);
    expect(device.when("started", fromMs) - fromMs).toBeLessThan(500);
  });

  it("E14 has 1 s of grace and no random pause after deep sleep", async () => {
    const program = app(`ctx.say("started")
if machine.reset_cause() == machine.DEEPSLEEP_RESET:
    ctx.loop.once("block", lambda task: (ctx.say("blocks"), time.sleep(600)), 2000)
else:
    ctx.loop.once("sleep", lambda task: ctx.hibernate(20000), 2000)`);
    const device = await makeDevice({ app: program, components: [], config: "ssid (none)\nwatchdog 1\n" });
    await device.powerOn(65_000);
    expect(device.boots.slice(0, 3)).toEqual(["power-on", "deep-sleep", "watchdog"]);
    const wokeMs = device.when("DEEPSLEEP_RESET");
    expect(device.when("started", wokeMs) - wokeMs).toBeLessThan(500);
    const blockedMs = device.when("blocks", wokeMs);
    expect(device.when("rst:", blockedMs) - blockedMs).toBeLessThan(16_000);
  });

  it("E13 tolerates about 120 s where a component says that it may block", async () => {
    const program = app(`ctx.loop.once("block", lambda task: ctx.may_block(time.sleep, 100), 20000)
ctx.loop.once("over", lambda task: ctx.may_block(time.sleep, 200), 130000)`);
    const device = await makeDevice({
      app: program,
      components: [],
      config: "ssid (none)\nstartdelay 0\nwatchdog 1\n",
    });
    await device.powerOn(130_000);
    expect(device.boots).toEqual(["power-on"]);
    await device.advance(130_000);
    expect(device.boots).toEqual(["power-on", "watchdog"]);
  });

  it("is set to an hour at the prompt that Ctrl-C leaves", async () => {
    const device = await makeDevice({
      app: app(`pass`),
      components: [],
      config: "ssid (none)\nstartdelay 0\nwatchdog 1\n",
    });
    await device.powerOn(30_000);
    await device.type("\x03");
    await device.advance(59 * 60_000);
    expect(device.boots).toEqual(["power-on"]);
    await device.advance(2 * 60_000);
    expect(device.boots).toEqual(["power-on", "watchdog"]);
  });
});
