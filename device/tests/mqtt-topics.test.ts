import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp } from "./apps.ts";
import { closeWorlds, makeDevice, quickConfig } from "./harness.ts";
import { connected, header, valueApp } from "./mqtt-device.ts";

afterEach(closeWorlds);

describe("publishers", () => {
  it("E22 publish at once, then on change only, not retained", async () => {
    const device = await connected();
    expect(device.published("stat/D/Value")).toEqual(["one"]);
    device.broker.publish("cmnd/D/Value", "two");
    await device.advance(60_000);
    expect(device.published("stat/D/Value")).toEqual(["one", "two"]);
    expect(device.publications("stat/D/Value").every(({ retained }) => !retained)).toBe(true);
  });

  it("E22 publish again after the force period, counted from the last publication", async () => {
    const device = await connected();
    device.broker.publish("cmnd/D/Value", "two");
    await device.advance(29 * 60_000);
    expect(device.published("stat/D/Value")).toEqual(["one", "two"]);
    await device.advance(2 * 60_000);
    expect(device.published("stat/D/Value")).toEqual(["one", "two", "two"]);
    const times = device.publications("stat/D/Value").map(({ atMs }) => atMs);
    expect((times[2] as number) - (times[1] as number)).toBeCloseTo(1_800_000, -3);
  });

  it("E22 publish when the application forces it, by its own condition, and never None", async () => {
    const device = await connected(
      header +
        app(`self.n = 0
def count():
    self.n += 1
    return None if self.n % 3 == 0 else str(self.n)
never = Publisher("Never", lambda: "x", 1000, 0, False, lambda force, old, new: False)
forced = Publisher("Forced", lambda: "same")
self.topics = [Publisher("Count", count, 1000), never, forced, Publisher("Kept", lambda: "k", 1000, 0, True)]
ctx.loop.recurring("force", lambda task: forced.force(), 3000)`),
    );
    await device.advance(10_000);
    const counted = device.published("stat/D/Count").map(Number);
    expect(counted.length).toBeGreaterThan(5);
    expect(counted.some((n) => n % 3 === 0)).toBe(false);
    expect(device.published("stat/D/Never")).toEqual([]);
    expect(device.published("stat/D/Forced").length).toBeGreaterThan(3);
    expect(device.publications("stat/D/Kept").map(({ retained }) => retained)).toEqual([true]);
  });

  it("E23 keep the latest value of each topic while offline", async () => {
    const device = await connected(
      header +
        app(`self.n = 0
def count():
    self.n += 1
    return str(self.n)
self.topics = [Publisher("Count", count, 1000)]`),
    );
    const before = device.published("stat/D/Count").length;
    device.board.fault({ kind: "access-point", up: false });
    await device.advance(60_000);
    const lost = device.published("stat/D/Count");
    device.board.fault({ kind: "access-point", up: true });
    await device.advance(60_000);
    const all = device.published("stat/D/Count").map(Number);
    expect(lost.length - before).toBeLessThan(8);
    // After the gap comes the newest value, once, and none of those between.
    const gap = all.findIndex((value, index) => index > 0 && value - (all[index - 1] as number) > 20);
    expect(gap).toBeGreaterThan(0);
    expect(all.slice(gap).every((value, index, rest) => index === 0 || value - (rest[index - 1] as number) <= 2)).toBe(
      true,
    );
  });

  it("E23 repeat a publication whose sending failed", async () => {
    const device = await connected(
      header +
        app(`def spoil(task):
    ctx.component("mqtt")._client._socket.close()
    ctx.publish("Alarm", "fire")
ctx.loop.once("spoil", spoil, 12000)`),
    );
    await device.advance(20_000);
    expect(device.text).toContain("mqtt: connected -> connlost");
    expect(device.published("stat/D/Alarm")).toEqual(["fire"]);
  });

  it("E24 report the uptime in whole minutes, every 60 s when it changed", async () => {
    const device = await connected(goodApp);
    await device.advance(5 * 60_000);
    expect(device.published("stat/D/Uptime")).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  it("E24 send their last values again on Refresh", async () => {
    const device = await connected();
    device.broker.publish("cmnd/D/Refresh", "");
    await device.advance(2_000);
    expect(device.published("stat/D/Value")).toEqual(["one"]);
    device.broker.publish("cmnd/D/Refresh", "1");
    await device.advance(2_000);
    expect(device.published("stat/D/Value")).toEqual(["one", "one"]);
    expect(device.published("stat/D/Uptime")).toEqual(["0", "0"]);
  });
});

describe("commands", () => {
  it("E24 are not obeyed when retained or a duplicate", async () => {
    const device = await makeDevice({ app: valueApp, config: quickConfig });
    device.broker.publish("cmnd/D/Value", "stale", { retain: true });
    await device.powerOn(10_000);
    expect(device.published("stat/D/Value")).toEqual(["one"]);
    expect(device.text).toContain("cmnd/D/Value ignored: retained");
    device.broker.publish("cmnd/D/Value", "again", { dup: true });
    await device.advance(3_000);
    expect(device.published("stat/D/Value")).toEqual(["one"]);
    expect(device.text).toContain("cmnd/D/Value ignored: a duplicate");
  });

  it("E24 are obeyed once each, also when they come in one packet", async () => {
    const device = await connected(
      header + app(`self.commands = [Command("Say", lambda text: ctx.say("obeys " + text))]`),
    );
    for (const text of ["a", "b", "c"]) device.broker.publish("cmnd/D/Say", text);
    await device.advance(2_000);
    expect(device.said.filter(({ line }) => line.includes("obeys")).map(({ line }) => line)).toEqual([
      "app: obeys a",
      "app: obeys b",
      "app: obeys c",
    ]);
  });

  it("E20 are heard at once when they are added late", async () => {
    const device = await connected(
      header +
        app(
          `ctx.loop.once("late", lambda task: ctx.bus.add_command(Command("Late", lambda text: ctx.say("late " + text))), 12000)`,
        ),
    );
    await device.advance(5_000);
    device.broker.publish("cmnd/D/Late", "hello");
    await device.advance(1_000);
    expect(device.text).toContain("app: late hello");
    expect(device.count("mqtt: connect -> connected")).toBe(1);
  });

  it("survive what is not text, and what is too long", async () => {
    const device = await connected();
    device.broker.publish("cmnd/D/Value", Uint8Array.of(0xff, 0xfe));
    device.broker.publish("cmnd/D/Value", "x".repeat(20_000));
    device.broker.publish("cmnd/D/Value", "after");
    await device.advance(5_000);
    expect(device.text).toContain("cmnd/D/Value ignored: not UTF-8");
    expect(device.published("stat/D/Value")).toEqual(["one", "after"]);
  });

  it("crash the set when their handler raises, an OSError too", async () => {
    const device = await connected(
      header +
        app(`
def fail(text): raise OSError(5)
self.commands = [Command("Fail", fail)]`),
    );
    device.broker.publish("cmnd/D/Fail", "1");
    await device.advance(500);
    expect(device.text).toContain("crash 1 in a row");
  });
});
