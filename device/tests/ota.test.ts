import { afterEach, describe, expect, it } from "vitest";
import { goodApp } from "./apps.ts";
import { closeWorlds, type Device, makeDevice, quickConfig } from "./harness.ts";

afterEach(closeWorlds);

const components = ["log", "net", "mqtt", "ota"];

async function maintained(config = quickConfig): Promise<Device> {
  const device = await makeDevice({ app: goodApp, config, components });
  await device.powerOn(10_000);
  return device;
}

/** What the device answers to a command on stat/D/Log. */
async function ask(device: Device, command: string): Promise<string[]> {
  const before = device.published("stat/D/Log").length;
  device.broker.publish("cmnd/D/OTA", command);
  await device.advance(2000);
  return device.published("stat/D/Log").slice(before);
}

describe("the maintenance commands on cmnd/D/OTA", () => {
  it("E24 publish one empty message on stat/D/OTA, and again on Refresh", async () => {
    const device = await maintained();
    await device.advance(3_600_000);
    expect(device.published("stat/D/OTA")).toEqual([""]);
    device.broker.publish("cmnd/D/Refresh", "1");
    await device.advance(2000);
    expect(device.published("stat/D/OTA")).toEqual(["", ""]);
  });

  it("E24 tell lost connections and set them back", async () => {
    const device = await maintained();
    expect(await ask(device, "stats")).toEqual(["connlost events net 0 mqtt 0"]);
    device.broker.dropAll();
    await device.advance(20_000);
    expect(await ask(device, "stats")).toEqual(["connlost events net 0 mqtt 1"]);
    expect(await ask(device, "resetstats")).toHaveLength(1);
    expect(await ask(device, "stats")).toEqual(["connlost events net 0 mqtt 0"]);
  });

  it("E24 tell the last reboot and the last exception, and forget them", async () => {
    const device = await maintained();
    expect(await ask(device, "msg_reboot")).toEqual(["(reboot.txt not found)"]);
    expect(await ask(device, "msg_exception")).toEqual(["(exception.txt not found)"]);
    device.board.flash.write("/state/exception.txt", "Traceback (most recent call last):\nValueError: 7\n");
    expect(await ask(device, "msg_exception")).toEqual(["Traceback (most recent call last):\nValueError: 7"]);
    expect(await ask(device, "msg_rm")).toEqual([]);
    expect(await ask(device, "msg_exception")).toEqual(["(exception.txt not found)"]);
  });

  it("E24 tell version and partitions, and where updates go", async () => {
    const device = await maintained();
    expect((await ask(device, "getversion"))[0]).toMatch(/^\('esp32', .*'1\.27\.0'/);
    expect((await ask(device, "partitions"))[0]).toMatch(/partitions/);
    expect(await ask(device, "open")).toEqual(["updates of this device go through espx"]);
    expect(await ask(device, "commit")).toEqual(["updates of this device go through espx"]);
    expect(await ask(device, "nonsense")).toEqual([]);
  });

  it("E24 do not reboot or raise unless the config allows it", async () => {
    const device = await maintained();
    expect((await ask(device, "reboot"))[0]).toContain("not allowed");
    expect((await ask(device, "test_exception"))[0]).toContain("not allowed");
    expect((await ask(device, "keepversion"))[0]).toContain("not allowed");
    expect(device.boots).toEqual(["power-on"]);
  });

  it("E24 reboot where the config allows it, with the reason kept, but not for a retained command", async () => {
    const device = await maintained(`${quickConfig}\notacommands 1`);
    device.broker.publish("cmnd/D/OTA", "reboot", { retain: true });
    await device.advance(20_000);
    expect(device.boots).toEqual(["power-on", "hard"]);
    expect(device.file("/state/reboot.txt")).toBe("commanded over MQTT\n");
    // The retained copy meets the device again at its next connection.
    await device.advance(60_000);
    expect(device.boots).toEqual(["power-on", "hard"]);
  });
});
