import { afterEach, describe, expect, it } from "vitest";
import { goodApp } from "./apps.ts";
import { closeWorlds, type Device, makeDevice } from "./harness.ts";

afterEach(closeWorlds);

/** Only the random pause at power-on is left out; all else is as it was in the original. */
const config = "startdelay 0\nssid espx-sim\npassword espx-sim\n";

async function netDevice(text = config): Promise<Device> {
  return makeDevice({ app: goodApp, components: ["log", "net"], config: text });
}

/** What a state line said, with the seconds since the first one of the list. */
const steps = (device: Device): [string, number][] => {
  const all = device.said.filter(({ line }) => line.startsWith("net: ") && line.includes(" -> "));
  const originMs = all[0]?.atMs ?? 0;
  return all.map(({ atMs, line }) => [line, (atMs - originMs) / 1000]);
};

/** A number of the namespace that the original used for its counters. */
async function counter(device: Device, key: string): Promise<string> {
  await device.type("\x03");
  await device.type(`import esp32; print("N", esp32.NVS("netstats").get_i32("${key}"))\r`);
  return /^N (\d+)/m.exec(device.text)?.[1] ?? "none";
}

describe("network", () => {
  it("E16 starts after 12 s, settles for 1 s and 1 s, and connects", async () => {
    const device = await netDevice();
    await device.powerOn(20_000);
    expect(device.when("net: initial -> start") - device.when("app: good")).toBeGreaterThanOrEqual(11_990);
    expect(device.when("net: initial -> start") - device.when("app: good")).toBeLessThan(12_050);
    const said = steps(device);
    expect(said.map(([line]) => line)).toEqual([
      "net: initial -> start",
      "net: start -> idle",
      "net: idle -> connecting",
      "net: connecting -> connected",
    ]);
    expect(said[1]?.[1]).toBeCloseTo(1, 1);
    expect(said[2]?.[1]).toBeCloseTo(2, 1);
    expect(said[3]?.[1]).toBeLessThan(4.1);
    expect(device.text).toMatch(/net: address \d+\.\d+\.\d+\.\d+/);
  });

  it("E16 gives an attempt up after 60 s", async () => {
    const device = await makeDevice({
      // An access point that never answers: what the driver says is frozen.
      app: `import network\nnetwork.WLAN.status = lambda self: network.STAT_CONNECTING\n${goodApp}`,
      components: ["log", "net"],
      config,
    });
    await device.powerOn(90_000);
    expect(device.when("net: connecting -> connlost") - device.when("net: idle -> connecting")).toBeCloseTo(60_000, -2);
  });

  it("E16 notices a lost link within 5 s and pauses for 30..45 s", async () => {
    const device = await netDevice();
    await device.powerOn(30_000);
    device.board.fault({ kind: "access-point", up: false });
    const lostMs = device.world.clock.now();
    await device.advance(10_000);
    expect(device.when("net: connected -> connlost") - lostMs).toBeLessThan(5_100);
    device.board.fault({ kind: "access-point", up: true });
    await device.advance(60_000);
    const pauseMs = device.when("net: connlost -> idle") - device.when("net: connected -> connlost");
    expect(pauseMs).toBeGreaterThanOrEqual(29_990);
    expect(pauseMs).toBeLessThan(45_050);
    expect(device.count("net: connecting -> connected")).toBe(2);
  });

  it("E16 reboots after ten minutes without a network", async () => {
    const device = await netDevice();
    device.board.fault({ kind: "access-point", up: false });
    await device.powerOn(9 * 60_000);
    expect(device.boots).toEqual(["power-on"]);
    await device.advance(4 * 60_000);
    expect(device.boots).toEqual(["power-on", "hard"]);
    expect(device.file("/state/reboot.txt")).toMatch(/^no network for 6\d\d s\n$/);
    const startedMs = device.when("net: initial -> start");
    expect(device.when("reboot: no network") - startedMs).toBeGreaterThan(600_000);
    expect(device.when("reboot: no network") - startedMs).toBeLessThan(650_000);
  });

  it("E16 does not reboot while attempts succeed now and then", async () => {
    const device = await netDevice();
    await device.powerOn(20_000);
    for (let minute = 0; minute < 30; minute += 6) {
      device.board.fault({ kind: "access-point", up: false });
      await device.advance(5 * 60_000);
      device.board.fault({ kind: "access-point", up: true });
      await device.advance(60_000);
    }
    expect(device.boots).toEqual(["power-on"]);
  });

  it.each([
    ["a wrong password", { kind: "wifi-password", wrong: true }, "net: the access point refuses the password"],
    ["no access point", { kind: "access-point", up: false }, "net: no access point named espx-sim"],
  ] as const)("E17 goes straight to the retry pause after %s, and says so", async (_, fault, text) => {
    const device = await netDevice();
    device.board.fault(fault);
    await device.powerOn(120_000);
    expect(device.text).toContain(text);
    expect(device.when("net: connecting -> connlost") - device.when("net: idle -> connecting")).toBeLessThan(5_000);
    const pauseMs = device.when("net: connlost -> idle") - device.when("net: connecting -> connlost");
    expect(pauseMs).toBeGreaterThanOrEqual(29_990);
    expect(pauseMs).toBeLessThan(45_050);
  });

  it("E17 takes any other status for a failure", async () => {
    const device = await makeDevice({
      app: `import network\nnetwork.WLAN.status = lambda self: 204\n${goodApp}`,
      components: ["log", "net"],
      config,
    });
    await device.powerOn(30_000);
    expect(device.text).toContain("net: not connected, status 204");
  });

  it("E18 leaves the interface alone with ssid (none), or without one", async () => {
    for (const text of ["startdelay 0\nssid (none)\n", "startdelay 0\n"]) {
      const device = await netDevice(text);
      await device.powerOn(15 * 60_000);
      expect(device.text).not.toContain("net: initial -> start");
      expect(device.boots).toEqual(["power-on"]);
    }
  });

  it("E19 counts lost links in non-volatile memory, over power cycles", async () => {
    const device = await netDevice();
    for (let cycle = 0; cycle < 2; cycle++) {
      await device.powerCycle(20_000);
      device.board.fault({ kind: "access-point", up: false });
      await device.advance(10_000);
      device.board.fault({ kind: "access-point", up: true });
    }
    expect(await counter(device, "connlost")).toBe("2");
  });

  it("starts at once where the config says so", async () => {
    const device = await netDevice(`${config}netstart 0\nnetsettle 0\n`);
    await device.powerOn(3_000);
    expect(device.text).toContain("net: connecting -> connected");
  });
});
