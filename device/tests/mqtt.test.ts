import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp } from "./apps.ts";
import { closeWorlds, type Device, makeDevice, quickConfig } from "./harness.ts";

afterEach(closeWorlds);

/** Everything starts at once, but waits that come later are the original's. */
const config = quickConfig;
const header = "from espx.topics import Command, Publisher\n";

/** A component with a value that is set over MQTT, published when it changes. */
const valueApp = header + app(`self.value = "one"
self.topics = [Publisher("Value", lambda: self.value, 1000, 1800000)]
self.commands = [Command("Value", lambda text: setattr(self, "value", text))]`);

async function connected(program = valueApp, text = config): Promise<Device> {
  const device = await makeDevice({ app: program, config: text });
  await device.powerOn(10_000);
  expect(device.text).toContain("mqtt: connect -> connected");
  return device;
}

const hex = (text: string): string => Buffer.from(text).toString("hex");

/** The first packet that reached the broker. */
const firstPacket = (device: Device): string => Buffer.from(device.broker.packets[0]?.bytes ?? []).toString("hex");

/** Seconds from each line that holds `from` to the next that holds `to`. */
function gaps(device: Device, from: string, to: string): number[] {
  return device.said.flatMap(({ atMs, line }, index) => {
    if (!line.includes(from)) return [];
    const next = device.said.slice(index).find((later) => later.line.includes(to));
    return next === undefined ? [] : [(next.atMs - atMs) / 1000];
  });
}

describe("MQTT connection", () => {
  it("E20 starts after 12 s, and connects once there is a network", async () => {
    const device = await makeDevice({ app: goodApp, config: "startdelay 0\nssid espx-sim\npassword espx-sim\nmqttbroker broker\nmqttname D\n" });
    await device.powerOn(30_000);
    expect(device.when("mqtt: initial -> start") - device.when("app: good")).toBeGreaterThanOrEqual(11_990);
    expect(device.when("mqtt: testnet -> connect")).toBeGreaterThanOrEqual(device.when("net: connecting -> connected"));
    expect(device.text).toContain("mqtt: connect -> connected");
  });

  it("E20 names itself by device name and chip, without a user where none is configured", async () => {
    const device = await connected();
    const id = `D${Buffer.from(device.board.mac).toString("hex")}`;
    expect(device.broker.clients).toEqual([id]);
    // CONNECT of OASIS MQTT 3.1.1 section 3.1: clean session, keep-alive 60 s.
    expect(firstPacket(device)).toBe(`101900044d51545404 02 003c 000d${Buffer.from(id).toString("hex")}`.replaceAll(" ", ""));
  });

  it("E20 backs off by half as much again from 500 ms, with up to half of jitter", async () => {
    const device = await makeDevice({ app: goodApp, config });
    device.board.fault({ kind: "broker", behaviour: "refuse" });
    await device.powerOn(60_000);
    const pauses = gaps(device, "mqtt: connect -> connlost", "mqtt: connlost -> testnet");
    expect(pauses.length).toBeGreaterThanOrEqual(6);
    let backoff = 0.5;
    for (const pause of pauses) {
      backoff *= 1.5;
      expect(pause).toBeGreaterThanOrEqual(backoff - 0.01);
      expect(pause).toBeLessThanOrEqual(backoff * 1.5 + 0.01);
    }
    device.board.fault({ kind: "broker", behaviour: "normal" });
    await device.advance(60_000);
    expect(device.text).toContain("mqtt: connect -> connected");
  });

  it("E20 subscribes to everything again after a lost connection, and counts the loss", async () => {
    const device = await connected();
    device.broker.dropAll();
    await device.advance(10_000);
    expect(device.count("mqtt: connect -> connected")).toBe(2);
    device.broker.publish("cmnd/D/Value", "two");
    await device.advance(3_000);
    expect(device.published("stat/D/Value")).toContain("two");
    await device.type("\x03");
    await device.type(`import esp32; print("N", esp32.NVS("netstats").get_i32("mqttlost"))\r`);
    expect(device.text).toContain("N 1\r\n");
  });

  it("E20 leaves the connection as soon as the network is known to be lost", async () => {
    const device = await connected();
    device.board.fault({ kind: "access-point", up: false });
    await device.advance(6_000);
    expect(device.text).toContain("mqtt: connected -> connlost");
    device.board.fault({ kind: "access-point", up: true });
    await device.advance(60_000);
    expect(device.count("mqtt: connect -> connected")).toBe(2);
  });

  it.each([
    ["accepts and says nothing", "silent", 10.3],
    ["closes at once", "close", 0.5],
    ["refuses", "refuse", 0.5],
  ] as const)("E20 gives a broker up that %s, within the documented limits", async (_, behaviour, limitS) => {
    const device = await makeDevice({
      app: app(`ctx.loop.recurring("tick", lambda task: ctx.say("tick"), 250)`),
      config,
    });
    device.board.fault({ kind: "broker", behaviour });
    await device.powerOn(20_000);
    const [waitS] = gaps(device, "mqtt: testnet -> connect", "mqtt: connect -> connlost");
    expect(waitS).toBeLessThan(limitS);
    const ticks = device.said.filter(({ line }) => line === "app: tick").map(({ atMs }) => atMs);
    const longest = Math.max(...ticks.slice(1).map((atMs, index) => atMs - (ticks[index] as number)));
    expect(longest).toBeLessThan(300);
  });

  it("E20 says why a broker refuses, by its return code", async () => {
    const device = await makeDevice({ app: goodApp, config });
    device.broker.refuse(5);
    await device.powerOn(5_000);
    expect(device.text).toContain("mqtt: connection lost: (25, 'the broker refuses, code 5')");
  });

  it("E20 goes on when the broker's name cannot be found", async () => {
    const device = await makeDevice({ app: goodApp, config });
    device.board.fault({ kind: "dns", fails: true });
    await device.powerOn(30_000);
    expect(device.text).toContain("mqtt: connect -> connlost");
    device.board.fault({ kind: "dns", fails: false });
    await device.advance(30_000);
    expect(device.text).toContain("mqtt: connect -> connected");
  });

  it("E21 pings every 20..30 s when it has nothing to publish", async () => {
    const device = await connected(goodApp);
    await device.advance(600_000);
    const pings = device.broker.packets.filter(({ to, bytes }) => to === "broker" && bytes[0] === 0xc0).map(({ atMs }) => atMs / 1000);
    const pauses = pings.slice(2).map((at, index) => at - (pings[index + 1] as number));
    expect(pauses.length).toBeGreaterThan(15);
    // A publication, here the uptime once a minute, starts the pause anew.
    const plain = pauses.filter((pause) => pause <= 30.5);
    expect(plain.length).toBeGreaterThan(10);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(19.9);
    expect(Math.max(...plain) - Math.min(...plain)).toBeGreaterThan(3);
  });

  it("E21 notices a broker that answers no more", async () => {
    const device = await connected();
    device.board.fault({ kind: "broker", behaviour: "silent" });
    await device.advance(41_000);
    expect(device.text).toContain("mqtt: connected -> connlost");
  });

  it("E21 reboots after ten minutes without a broker", async () => {
    const device = await makeDevice({ app: goodApp, config });
    device.board.fault({ kind: "broker", behaviour: "close" });
    await device.powerOn(9.9 * 60_000);
    expect(device.boots).toEqual(["power-on"]);
    await device.advance(6 * 60_000);
    expect(device.boots).toEqual(["power-on", "hard"]);
    expect(device.file("/state/reboot.txt")).toMatch(/^no broker for \d+ s\n$/);
  });

  it("E21 does not reboot where the config says 0", async () => {
    const device = await makeDevice({ app: goodApp, config: `${config}\nmqttreboot 0\n` });
    device.board.fault({ kind: "broker", behaviour: "close" });
    await device.powerOn(40 * 60_000);
    expect(device.boots).toEqual(["power-on"]);
  });

  it("E26 tells user and password, and takes host:port", async () => {
    const device = await connected(goodApp, `${config}\nmqttbroker broker:1883\nmqttuser me\nmqttpassword a secret\n`);
    const credentials = `0002${hex("me")}0008${hex("a secret")}`;
    expect(firstPacket(device)).toMatch(new RegExp(`^10..00044d51545404c2003c.*${credentials}$`));
  });

  it.each([
    ["mqttbroker broker:port", "mqttbroker broker:port is not host or host:port, MQTT is off"],
    ["mqttbroker None", ""],
    ["mqttname a/b", "mqttname a/b cannot be part of a topic, MQTT is off"],
    ["mqttname None", ""],
  ])("stays off with %s", async (line, text) => {
    const device = await makeDevice({ app: goodApp, config: `${config}\n${line}\n`, record: { state: "trial", attemptsLeft: 3 } });
    await device.powerOn(60_000);
    expect(device.text).not.toContain("mqtt: initial");
    expect(device.text).toContain(text);
    expect(device.record().state).toBe("confirmed");
  });
});

describe("a set on trial with a broker", () => {
  const trial = { state: "trial", attemptsLeft: 3, previous: { slot: "b", config: null } } as const;

  it("is confirmed only after a round trip through the broker", async () => {
    const device = await makeDevice({ app: goodApp, config, record: trial, files: { "/b/main.py": "" } });
    device.board.fault({ kind: "broker", behaviour: "silent" });
    await device.powerOn(60_000);
    expect(device.record().state).toBe("trial");
    device.board.fault({ kind: "broker", behaviour: "normal" });
    await device.advance(60_000);
    expect(device.record().state).toBe("confirmed");
  });

  it("uses an attempt for each reboot for want of a network, and falls back", async () => {
    const device = await makeDevice({ app: goodApp, config, record: trial, files: { "/b/main.py": "print('old set')" } });
    device.board.fault({ kind: "access-point", up: false });
    await device.powerOn(13 * 60_000);
    expect(device.record()).toMatchObject({ state: "trial", attemptsLeft: 2 });
    await device.advance(26 * 60_000);
    expect(device.text).toContain("old set");
  });

  it("keeps trying for want of a network where there is nothing to go back to", async () => {
    const device = await makeDevice({ app: goodApp, config, record: { ...trial, previous: null } });
    device.board.fault({ kind: "access-point", up: false });
    await device.powerOn(60 * 60_000);
    expect(device.record()).toMatchObject({ state: "trial", attemptsLeft: 3 });
    device.board.fault({ kind: "access-point", up: true });
    await device.advance(2 * 60_000);
    expect(device.record().state).toBe("confirmed");
  });

  it("stays on trial over power cycles without network", async () => {
    const device = await makeDevice({ app: goodApp, config, record: trial, files: { "/b/main.py": "" } });
    device.board.fault({ kind: "access-point", up: false });
    await device.powerOn(20_000);
    for (let cycle = 0; cycle < 3; cycle++) await device.powerCycle(20_000);
    expect(device.record()).toMatchObject({ slot: "a", state: "trial", attemptsLeft: 3 });
  });
});

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
    expect(all.slice(gap).every((value, index, rest) => index === 0 || value - (rest[index - 1] as number) <= 2)).toBe(true);
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
    const device = await makeDevice({ app: valueApp, config });
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
    const device = await connected(header + app(`self.commands = [Command("Say", lambda text: ctx.say("obeys " + text))]`));
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
      header + app(`ctx.loop.once("late", lambda task: ctx.bus.add_command(Command("Late", lambda text: ctx.say("late " + text))), 12000)`),
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
    const device = await connected(header + app(`
def fail(text): raise OSError(5)
self.commands = [Command("Fail", fail)]`));
    device.broker.publish("cmnd/D/Fail", "1");
    await device.advance(500);
    expect(device.text).toContain("crash 1 in a row");
  });
});
