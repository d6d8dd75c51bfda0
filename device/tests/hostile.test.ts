import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp, offlineConfig } from "./apps.ts";
import { closeWorlds, type Device, makeDevice, quickConfig, runScript } from "./harness.ts";
import { connected, header, valueApp } from "./mqtt-device.ts";

afterEach(closeWorlds);

const tick = app(`ctx.loop.recurring("tick", lambda task: ctx.say("tick"), 1000)`);
const connack = [0x20, 2, 0, 0];
const suback = [0x90, 3, 0, 1, 0];

/** A device whose broker says these bytes to each client, and nothing else. */
async function atBroker(bytes: readonly number[], program = tick): Promise<Device> {
  const device = await makeDevice({ app: program, config: `${quickConfig}\nmqttbroker broker:1999\n` });
  device.world.net.peer({ port: 1999, banner: Uint8Array.from(bytes) });
  return device.powerOn(60_000);
}

/** Bytes that look like chance, the same for the same seed. */
function noise(seed: number, length: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

describe("a broker that is none", () => {
  it.each([
    ["says nothing that MQTT knows", noise(1, 600)],
    ["says another noise", noise(2, 3_000)],
    ["is a web server", [...new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")]],
    ["accepts and then talks nonsense", [...connack, ...suback, ...noise(3, 900)]],
    ["accepts twice", [...connack, ...connack]],
    ["accepts with a packet that is too short", [0x20, 1, 0]],
    ["accepts and subscribes to nothing", [...connack, 0x90, 2, 0, 1]],
    ["announces 256 MB and sends nothing", [...connack, ...suback, 0x30, 0xff, 0xff, 0xff, 0x7f]],
    ["announces a length without end", [...connack, ...suback, 0x30, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["sends a topic longer than the packet", [...connack, ...suback, 0x30, 4, 0xff, 0xff, 0x61, 0x61]],
    ["sends an empty topic", [...connack, ...suback, 0x30, 2, 0, 0]],
    ["sends with QoS 3", [...connack, ...suback, 0x36, 7, 0, 1, 0x61, 0, 1, 0x62, 0x63]],
  ])("that %s is left again and again, and the device works on", async (_, bytes) => {
    const device = await atBroker(bytes);
    expect(device.count("-> connlost")).toBeGreaterThan(1);
    expect(device.count("app: tick")).toBeGreaterThan(55);
    expect(device.boots).toEqual(["power-on"]);
  });
});

describe("a broker that goes too far", () => {
  it("has messages for topics that nobody asked for ignored", async () => {
    const device = await connected();
    const bytes = [...connack, ...suback];
    const topic = [...new TextEncoder().encode("cmnd/other/Value")];
    const other = await atBroker([...bytes, 0x30, topic.length + 3, 0, topic.length, ...topic, 0x31], valueApp);
    expect(other.text).not.toContain("Traceback");
    expect(device.text).not.toContain("Traceback");
  });

  it("has 60 KB passed over by a device with 30 KB of heap, which says so and obeys what comes next", async () => {
    const device = await connected(
      header +
        app(`
import gc
gc.collect()
self.held = [bytearray(1000) for _ in range((gc.mem_free() - 30000) // 1020)]
gc.collect()
ctx.say("free " + str(gc.mem_free()))
self.commands = [Command("Say", lambda text: ctx.say("obeys " + str(len(text))))]`),
    );
    const free = Number(/free (\d+)/.exec(device.text)?.[1]);
    expect(free).toBeLessThan(31_000);
    device.broker.publish("cmnd/D/Say", "x".repeat(60_000));
    device.broker.publish("cmnd/D/Say", "y".repeat(300));
    await device.advance(5_000);
    expect(device.text).toContain("app: obeys 300");
    device.broker.publish("cmnd/D/Say", "after");
    await device.advance(5_000);
    expect(device.published("stat/D/Log")).toContain("mqtt: a message is too long and is passed over");
    expect(device.text).toContain("app: obeys 5");
    expect(device.boots).toEqual(["power-on"]);
  });

  it("has a thousand commands obeyed, each once", async () => {
    const device = await connected(
      header +
        app(`
self.seen = []
self.commands = [Command("N", lambda text: self.seen.append(int(text)))]
ctx.loop.once("look", lambda task: ctx.say(str(self.seen == list(range(1000)))), 30000)`),
    );
    for (let n = 0; n < 1000; n++) device.broker.publish("cmnd/D/N", String(n));
    await device.advance(30_000);
    expect(device.text).toContain("app: True");
  });
});

describe("the connection", () => {
  it("survives a loss of the network while it is being made", async () => {
    const device = await makeDevice({ app: tick, config: quickConfig });
    device.board.fault({ kind: "broker", behaviour: "silent" });
    await device.powerOn(1_500);
    expect(device.text).toContain("mqtt: testnet -> connect");
    device.board.fault({ kind: "link-loss", forMs: 20_000 });
    device.board.fault({ kind: "broker", behaviour: "normal" });
    await device.advance(120_000);
    expect(device.text).toContain("mqtt: connect -> connected");
    expect(device.boots).toEqual(["power-on"]);
  });

  it("hears a command that is added between the broker's answers", async () => {
    const device = await makeDevice({
      app:
        header +
        app(`
def look(task):
    mqtt = ctx.component("mqtt")
    if mqtt._client.connected and mqtt.state == "connect":
        task.cancel()
        ctx.bus.add_command(Command("Late", lambda text: ctx.say("late " + text)))
        ctx.say("added in " + mqtt.state)
ctx.loop.recurring("look", look, 0)`),
      config: quickConfig,
    });
    device.world.net.latency(200);
    await device.powerOn(10_000);
    expect(device.text).toContain("app: added in connect");
    device.broker.publish("cmnd/D/Late", "hello");
    await device.advance(3_000);
    expect(device.text).toContain("app: late hello");
  });

  it("counts a loss only where it can, and that is no crash", async () => {
    const device = await connected(
      app(`
import esp32
n = esp32.NVS("full")
try:
    for i in range(30): n.set_blob(str(i), bytes(1900))
except OSError: pass
try:
    for i in range(700): n.set_i32("n" + str(i), i)
except OSError: pass
n.commit()`),
    );
    device.board.fault({ kind: "broker", behaviour: "close" });
    await device.advance(30_000);
    expect(device.text).toContain("mqtt: mqttlost cannot be counted");
    expect(device.boots).toEqual(["power-on"]);
  });
});

describe("a component", () => {
  it("whose health() raises is not healthy, which is said once, and asking does not crash it", async () => {
    const device = await makeDevice({ app: app(`pass`, "1 // 0"), components: ["log"], config: offlineConfig });
    await device.powerOn(2_000);
    await device.type("#espx? 1\r");
    await device.type("#espx? 1\r");
    expect(device.count('"waiting": ["app"]')).toBe(2);
    expect(device.count("app: health failed:")).toBe(1);
    expect(device.boots).toEqual(["power-on"]);
  });

  it("that prints for ever is seen by the watchdog", async () => {
    const device = await makeDevice({
      app: app(`
def talk(task):
    while True: print("x" * 80)
ctx.loop.once("talk", talk, 500)`),
      components: ["log"],
      config: `${offlineConfig}watchdog 1\nwatchdoggrace 0\n`,
    });
    await device.powerOn(20_000);
    expect(device.boots).toContain("watchdog");
  });
});

describe("the console", () => {
  it("is flooded without harm, and answers afterwards", async () => {
    const device = await makeDevice({ app: tick, components: ["log"], config: offlineConfig });
    await device.powerOn(2_000);
    for (let n = 0; n < 50; n++) await device.type("junk".repeat(500) + (n % 7 === 0 ? "\r" : ""), 50);
    await device.type("\r#espx? 1\r", 1_000);
    expect(device.count("#espx! 1")).toBe(1);
    expect(device.boots).toEqual(["power-on"]);
  });
});

describe("the config file", () => {
  it("has 500 lines", async () => {
    const many = Array.from({ length: 500 }, (_, n) => `key${n} value ${n}`).join("\n");
    const device = await makeDevice({
      app: app(`ctx.say(ctx.config.get("key499") + " and " + ctx.config.get("key0"))`),
      components: ["log"],
      config: `${offlineConfig}${many}\n`,
    });
    await device.powerOn(2_000);
    expect(device.text).toContain("app: value 499 and value 0");
  });

  it("is missing, and the device says so and runs", async () => {
    const device = await makeDevice({ app: goodApp, components: ["log"] });
    device.board.flash.remove("/config.txt");
    await device.powerOn(30_000);
    expect(device.text).toContain("config: /config.txt cannot be read, every key has its default");
    expect(device.text).toContain("app: good");
  });

  it("is in another encoding: the line is left out, and the others hold", async () => {
    const bytes = Buffer.from(`${offlineConfig}name K\u00fcche\nafter yes\n`, "latin1");
    const device = await makeDevice({
      app: app(`ctx.say(str(ctx.config.get("name")) + " " + ctx.config.get("after"))`),
      components: ["log"],
      files: { "/config.txt": bytes },
    });
    await device.powerOn(2_000);
    expect(device.text).toContain("config: line 3 of /config.txt is not UTF-8 and is left out");
    expect(device.text).toContain("app: None yes");
  });
});

describe("non-volatile memory", () => {
  it("E28 gives None for a string whose length is beyond all memory", async () => {
    const lines = await runScript(
      `
import esp32
from espx.nvram import NVRAM
n, raw = NVRAM("p"), esp32.NVS("p")
n.set_str("a", "hello"); raw.set_i32("a_len", 0x7fffffff); print(n.get_str("a"))
n.set_str("b", "hello"); raw.set_i32("b_len", 150000); print(n.get_str("b"))`,
      1000,
    );
    expect(lines).toEqual(["None", "None"]);
  });
});
