import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp } from "./apps.ts";
import { closeWorlds, type Device, makeDevice, quickConfig } from "./harness.ts";
import { connected } from "./mqtt-device.ts";

afterEach(closeWorlds);

/** Everything starts at once, but waits that come later are the original's. */
const config = quickConfig;

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
    const device = await makeDevice({
      app: goodApp,
      config: "startdelay 0\nssid espx-sim\npassword espx-sim\nmqttbroker broker\nmqttname D\n",
    });
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
    expect(firstPacket(device)).toBe(
      `101900044d51545404 02 003c 000d${Buffer.from(id).toString("hex")}`.replaceAll(" ", ""),
    );
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
    const pings = device.broker.packets
      .filter(({ to, bytes }) => to === "broker" && bytes[0] === 0xc0)
      .map(({ atMs }) => atMs / 1000);
    const pauses = pings.slice(2).map((at, index) => at - (pings[index + 1] as number));
    expect(pauses.length).toBeGreaterThan(15);
    // A publication, here the uptime once a minute, starts the pause anew.
    const plain = pauses.filter((pause) => pause <= 30.5);
    expect(plain.length).toBeGreaterThan(10);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(19.9);
    expect(Math.max(...plain) - Math.min(...plain)).toBeGreaterThan(3);
  });

  it("E21 does not ping while it has something to publish", async () => {
    const device = await connected(app(`ctx.loop.recurring("talk", lambda task: ctx.log("talk"), 10000)`));
    await device.advance(300_000);
    const pings = device.broker.packets.filter(({ to, bytes }) => to === "broker" && bytes[0] === 0xc0);
    expect(pings).toHaveLength(1);
  });

  it("E20 takes an error of the socket for a lost connection", async () => {
    const device = await connected(
      app(`class Broken:
    def __init__(self, inner): self.inner = inner
    def readinto(self, buffer): raise OSError(104)
    def write(self, data): return self.inner.write(data)
    def close(self): self.inner.close()
def spoil(task):
    client = ctx.component("mqtt")._client
    client._socket = Broken(client._socket)
ctx.loop.once("spoil", spoil, 12000)`),
    );
    await device.advance(4_000);
    device.broker.publish("cmnd/D/Refresh", "1");
    await device.advance(10_000);
    expect(device.text).toContain("mqtt: connection lost: [Errno 104] ECONNRESET");
    expect(device.count("mqtt: connect -> connected")).toBe(2);
    expect(device.boots).toEqual(["power-on"]);
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
    const device = await makeDevice({
      app: goodApp,
      config: `${config}\n${line}\n`,
      record: { state: "trial", attemptsLeft: 3 },
    });
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

  it("is not confirmed by a connection over which nothing came back", async () => {
    const device = await makeDevice({
      app: goodApp,
      config: `${config}\nmqttack 60\n`,
      record: trial,
      files: { "/b/main.py": "" },
    });
    device.world.net.latency(400);
    await device.powerOn();
    while (!device.text.includes("mqtt: connect -> connected")) await device.advance(100);
    device.board.fault({ kind: "broker", behaviour: "silent" });
    await device.advance(30_000);
    expect(device.text).not.toContain("mqtt: connected -> connlost");
    expect(device.record().state).toBe("trial");
  });

  it("uses an attempt for each reboot for want of a network, and falls back", async () => {
    const device = await makeDevice({
      app: goodApp,
      config,
      record: trial,
      files: { "/b/main.py": "print('old set')" },
    });
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
