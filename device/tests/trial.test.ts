import { createHash } from "node:crypto";
import type { SlotRecord } from "@espx/proto";
import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp, offlineConfig } from "./apps.ts";
import { closeWorlds, type Device, makeDevice, slotFiles } from "./harness.ts";

afterEach(closeWorlds);

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const oldConfigText = `${offlineConfig}mark a1\n`;
const newConfigText = `${offlineConfig}mark b2\n`;
const oldConfig = sha256(oldConfigText);
const newConfig = sha256(newConfigText);
const pathOf = (digest: string): string => `/config-${digest.slice(0, 8)}.txt`;

/** Slot b on trial with `newApp`, over a proved slot a; each has a config of its own. */
async function trialDevice(
  newApp: string,
  options: { readonly components?: readonly string[]; readonly record?: Partial<SlotRecord> } = {},
): Promise<Device> {
  return makeDevice({
    app: app(`ctx.say("old with " + ctx.config.get("mark"))`),
    components: ["log"],
    ...(newApp.includes("while True: pass") && { quietMs: 1500 }),
    record: {
      slot: "b",
      state: "trial",
      attemptsLeft: 3,
      config: newConfig,
      previous: { slot: "a", config: oldConfig },
      ...options.record,
    },
    files: {
      ...(await slotFiles("b", newApp, options.components ?? ["log"])),
      [pathOf(oldConfig)]: oldConfigText,
      [pathOf(newConfig)]: newConfigText,
    },
  });
}

function expectOldSet(device: Device): void {
  expect(device.text).toContain("espx: slot b did not prove itself: going back to slot a");
  expect(device.text).toContain("app: old with a1");
  const { slot, state, attemptsLeft, config, previous } = device.record();
  expect({ slot, state, attemptsLeft, config, previous }).toEqual({
    slot: "a",
    state: "confirmed",
    attemptsLeft: 0,
    config: oldConfig,
    previous: null,
  });
}

describe("a set on trial", () => {
  it("is confirmed after 10 s of running loop", async () => {
    const device = await trialDevice(goodApp);
    await device.powerOn(9_000);
    expect(device.record().state).toBe("trial");
    await device.advance(4_000);
    expect(device.text).toContain("trial: app-0000000b is confirmed");
    const { slot, state, attemptsLeft, config, previous } = device.record();
    expect({ slot, state, attemptsLeft, config, previous }).toEqual({
      slot: "b",
      state: "confirmed",
      attemptsLeft: 0,
      config: newConfig,
      previous: null,
    });
  });

  it("is confirmed without a network where none is configured, and stays over three power cycles", async () => {
    const device = await trialDevice(goodApp, { components: ["log", "net", "mqtt"] });
    await device.powerOn(20_000);
    for (let cycle = 0; cycle < 3; cycle++) await device.powerCycle(20_000);
    expect(device.count("app: good")).toBe(4);
    expect(device.record()).toMatchObject({ slot: "b", state: "confirmed" });
  });

  it("waits for the health of every component", async () => {
    const device = await trialDevice(
      app(`self.t = time.ticks_ms()`, "time.ticks_diff(time.ticks_ms(), self.t) > 60000"),
    );
    await device.powerOn(58_000);
    expect(device.record().state).toBe("trial");
    await device.advance(5_000);
    expect(device.record().state).toBe("confirmed");
  });

  it("keeps its attempts over power cycles, EN resets and soft resets", async () => {
    const device = await trialDevice(app(`pass`, "False"));
    await device.powerOn(5_000);
    for (let cycle = 0; cycle < 4; cycle++) {
      await device.powerCycle(5_000);
      await device.board.reset();
      await device.advance(5_000);
      await device.type("\x03");
      await device.type("\x04", 5_000);
    }
    expect(device.boots).toHaveLength(13);
    expect(device.record()).toMatchObject({ slot: "b", state: "trial", attemptsLeft: 3 });
  });

  it.each([
    ["has a syntax error", "components = [\n"],
    ["raises when it is imported", "import nothing_of_that_name\ncomponents = []\n"],
    ["raises when it starts", app(`raise ValueError("broken")`)],
    ["raises after 5 s", app(`ctx.loop.once("bomb", lambda task: 1 // 0, 5000)`)],
    ["needs what is not there", `${goodApp}components[0].needs = ("radio",)\n`],
  ])("falls back when it %s", async (_, newApp) => {
    const device = await trialDevice(newApp);
    await device.powerOn(60_000);
    expectOldSet(device);
    expect(device.count("crash 1 in a row")).toBe(1);
    expect(device.count("crash 3 in a row")).toBe(1);
  });

  it.each([
    ["when it is imported", "components = []\nwhile True: pass\n"],
    ["when it starts", app(`time.sleep(1000)`)],
    ["after 5 s", app(`ctx.loop.once("hang", lambda task: time.sleep(1000), 5000)`)],
  ])("falls back when it hangs %s, though the config has the watchdog off", async (_, newApp) => {
    const device = await trialDevice(newApp);
    await device.powerOn(90_000);
    expectOldSet(device);
    expect(device.boots).toEqual(["power-on", "watchdog", "watchdog", "watchdog", "hard"]);
  });

  it("falls back when it resets by itself without a word", async () => {
    const device = await trialDevice(app(`ctx.loop.once("reset", lambda task: machine.reset(), 1000)`));
    await device.powerOn(20_000);
    expectOldSet(device);
    expect(device.boots).toEqual(["power-on", "hard", "hard", "hard", "hard"]);
  });

  it("falls back when it never reports health, and says who did not", async () => {
    const device = await trialDevice(app(`pass`, "False"));
    await device.powerOn(11 * 60_000);
    expectOldSet(device);
    expect(device.text).toContain("not healthy 180 s after the start: ['app']");
  });

  it("falls back at once when its main.py is missing", async () => {
    const device = await trialDevice(goodApp);
    device.board.flash.remove("/b/main.py");
    await device.powerOn(5_000);
    expect(device.text).toContain("espx: slot b has no main.py: going back to slot a");
    expect(device.text).toContain("app: old with a1");
  });

  it.each([
    ["is missing", undefined, "cannot be read ([Errno 2] ENOENT)"],
    ["is empty", "", "is not the config of this set"],
    ["is not what the record names", `${newConfigText}more 1\n`, "is not the config of this set"],
  ])("falls back at once when its config %s", async (_, text, why) => {
    const device = await trialDevice(goodApp);
    if (text === undefined) device.board.flash.remove(pathOf(newConfig));
    else device.board.flash.write(pathOf(newConfig), new TextEncoder().encode(text));
    await device.powerOn(5_000);
    expect(device.text).toContain(`espx: ${pathOf(newConfig)} ${why}: going back to slot a`);
    expect(device.text).toContain("app: old with a1");
    expect(device.text).not.toContain("app: good");
    expect(device.record()).toMatchObject({ slot: "a", state: "confirmed", config: oldConfig, previous: null });
    expect(device.file("/state/crash1.txt")).toContain(why);
  });

  it("says that its config is missing and runs on where there is nothing to go back to", async () => {
    const device = await trialDevice(goodApp, { record: { previous: null } });
    device.board.flash.remove(pathOf(newConfig));
    await device.powerOn(40_000);
    expect(device.text).toContain(`espx: ${pathOf(newConfig)} cannot be read`);
    expect(device.text).toContain("app: good");
    expect(device.record()).toMatchObject({ slot: "b", state: "confirmed", config: newConfig });
  });

  it("takes a hand-placed config as it is", async () => {
    const device = await trialDevice(goodApp, { record: { config: null } });
    device.board.flash.remove("/config.txt");
    await device.powerOn(40_000);
    expect(device.text).toContain("app: good");
    expect(device.record()).toMatchObject({ slot: "b", state: "confirmed", config: null });
  });

  it("leaves the prompt with a reason when there is nothing to go back to", async () => {
    const device = await makeDevice({
      app: "components = [",
      config: offlineConfig,
      record: { state: "trial", attemptsLeft: 3 },
    });
    await device.powerOn(60_000);
    expect(device.text).toContain(
      "espx: slot a did not prove itself, and there is no set to go back to: deploy a profile",
    );
    const boots = device.boots.length;
    await device.advance(600_000);
    expect(device.boots).toHaveLength(boots);
    await device.type("40+2\r");
    expect(device.text).toContain("42");
    await device.powerCycle(5_000);
    expect(device.count("there is no set to go back to")).toBe(2);
  });

  it("counts an orderly deep sleep of a healthy set as proof", async () => {
    const device = await trialDevice(app(`ctx.loop.once("sleep", lambda task: ctx.hibernate(30000), 2000)`));
    await device.powerOn(10_000);
    expect(device.record()).toMatchObject({ slot: "b", state: "confirmed" });
    await device.advance(40_000);
    expect(device.boots.slice(0, 2)).toEqual(["power-on", "deep-sleep"]);
  });

  it("is not confirmed and not reset at the prompt that Ctrl-C leaves", async () => {
    const device = await trialDevice(goodApp);
    await device.powerOn(5_000);
    await device.type("\x03\x03");
    expect(device.text).toContain("espx: stopped, Ctrl-D starts it again");
    await device.advance(20 * 60_000);
    expect(device.boots).toEqual(["power-on"]);
    expect(device.record()).toMatchObject({ state: "trial", attemptsLeft: 3 });
    await device.type("40+2\r");
    expect(device.text).toContain("42");
  });
});

describe("a plain program on trial", () => {
  it("is confirmed by a timer after 30 s, without a watchdog", async () => {
    const device = await trialDevice("import time\nprint('plain')\nwhile True: time.sleep(3600)\n");
    await device.powerOn(29_000);
    expect(device.record().state).toBe("trial");
    await device.advance(3_000);
    expect(device.record()).toMatchObject({ slot: "b", state: "confirmed" });
    await device.advance(300_000);
    expect(device.boots).toEqual(["power-on"]);
  });

  it("is confirmed when it has returned and left its timers", async () => {
    const device = await trialDevice("print('plain')\n");
    await device.powerOn(32_000);
    expect(device.record()).toMatchObject({ slot: "b", state: "confirmed" });
  });

  it("falls back when it raises", async () => {
    const device = await trialDevice("import time\ntime.sleep(20)\nraise OSError(5)\n");
    await device.powerOn(120_000);
    expectOldSet(device);
    expect(device.text).toContain("OSError: [Errno 5] EIO");
  });

  it("is not confirmed in the pause after it raised", async () => {
    const device = await trialDevice("import time\ntime.sleep_ms(29700)\nraise OSError(5)\n");
    await device.powerOn(30_600);
    expect(device.text).toContain("crash 1 in a row");
    expect(device.record().state).toBe("trial");
  });

  it("is not confirmed when it was stopped by Ctrl-C", async () => {
    const device = await trialDevice("import time\nwhile True: time.sleep(1)\n");
    await device.powerOn(5_000);
    await device.type("\x03");
    await device.advance(60_000);
    expect(device.record()).toMatchObject({ slot: "b", state: "trial", attemptsLeft: 3 });
  });
});
