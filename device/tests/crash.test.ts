import { afterEach, describe, expect, it } from "vitest";
import { app, offlineConfig } from "./apps.ts";
import { closeWorlds, makeDevice } from "./harness.ts";

afterEach(closeWorlds);

const bomb = app(`ctx.log("about to fail")\nctx.loop.once("bomb", lambda task: 1 // 0, 1000)`);

describe("a crash of a proved set", () => {
  it("E09 keeps the exception, and the last log lines in a ring of crash records", async () => {
    const device = await makeDevice({ app: bomb, components: ["log"], config: offlineConfig });
    await device.powerOn(2_000);
    expect(device.file("/state/exception.txt")).toMatch(/^Traceback[^]*ZeroDivisionError: /);
    expect(device.file("/state/crash1.txt")).toMatch(
      /^crash 1\nrelease app-0000000a slot a state confirmed\nTraceback[^]*ZeroDivisionError[^]*about to fail\n$/,
    );
    await device.advance(60_000);
    const crashes = [0, 1, 2, 3].map((index) => device.file(`/state/crash${index}.txt`)?.split("\n")[0]);
    expect(crashes).toEqual(["crash 4", "crash 5", "crash 6", "crash 3"]);
  });

  it("starts the set again after a pause that grows, and says so", async () => {
    const device = await makeDevice({ app: bomb, components: ["log"], config: offlineConfig });
    await device.powerOn(300_000);
    const pauses = [...device.text.matchAll(/crash (\d+) in a row: starting again in (\d+) s/g)].map(
      (match) => match[2],
    );
    expect(pauses.slice(0, 8)).toEqual(["1", "2", "4", "8", "16", "32", "60", "60"]);
  });

  it("counts from one again after a long run", async () => {
    const late = app(`ctx.loop.once("bomb", lambda task: 1 // 0, 70000)`);
    const device = await makeDevice({ app: late, components: ["log"], config: offlineConfig });
    await device.powerOn(200_000);
    expect(device.count("crash 1 in a row")).toBe(2);
  });

  it("leaves the prompt when Ctrl-C comes in the pause", async () => {
    const device = await makeDevice({ app: bomb, components: ["log"], config: offlineConfig });
    await device.powerOn(15_000);
    await device.type("\x03");
    expect(device.text).toContain("espx: stopped");
    const boots = device.boots.length;
    await device.advance(600_000);
    expect(device.boots).toHaveLength(boots);
  });

  it("leaves the prompt where the set is in development", async () => {
    const device = await makeDevice({
      app: bomb,
      components: ["log"],
      config: offlineConfig,
      record: { state: "dev" },
    });
    await device.powerOn(300_000);
    expect(device.boots).toEqual(["power-on"]);
    expect(device.text).toContain("a set in development is not started again by itself");
    expect(device.record().state).toBe("dev");
  });

  it("stops the components, also those after one that fails to stop", async () => {
    const two = `
from espx.component import Component
class One(Component):
    def __init__(self, name): self.name = name
    def start(self, ctx):
        if self.name == "b": ctx.loop.once("bomb", lambda task: 1 // 0, 1000)
    def stop(self):
        print("stop", self.name)
        if self.name == "b": raise ValueError("cannot stop")
components = [One("a"), One("b")]
`;
    const device = await makeDevice({ app: two, components: [], config: offlineConfig });
    await device.powerOn(1_500);
    expect(device.text).toMatch(/stop b[^]*cannot stop[^]*stop a[^]*ZeroDivisionError/);
  });
});

describe("a reboot that the program asks for", () => {
  it("E09 keeps its reason in reboot.txt and is no crash", async () => {
    const asks = app(
      `ctx.loop.once("reboot", lambda task: ctx.reboot(4, "asked to"), 1000) if machine.reset_cause() == 1 else ctx.say("again %d" % ctx.boot["reason"])`,
    );
    const device = await makeDevice({ app: asks, components: ["log"], config: offlineConfig });
    await device.powerOn(5_000);
    expect(device.file("/state/reboot.txt")).toBe("asked to\n");
    expect(device.boots).toEqual(["power-on", "hard"]);
    expect(device.text).toContain("app: again 4");
    expect(device.file("/state/exception.txt")).toBeUndefined();
  });

  it("E10 hibernates and starts anew", async () => {
    const sleeps = app(
      `ctx.loop.once("sleep", lambda task: ctx.hibernate(60000), 1000)\nctx.say("cause %d" % machine.reset_cause())`,
    );
    const device = await makeDevice({ app: sleeps, components: ["log"], config: offlineConfig });
    await device.powerOn(70_000);
    expect(device.boots).toEqual(["power-on", "deep-sleep"]);
    expect(device.text).toContain("app: cause 4");
    expect(device.when("app: cause 4") - device.when("app: cause 1")).toBeGreaterThan(60_900);
  });
});
