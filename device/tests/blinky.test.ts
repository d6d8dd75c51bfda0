import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { closeWorlds, type Device, makeDevice } from "./harness.ts";

afterEach(closeWorlds);

const program = readFileSync(join(import.meta.dirname, "../../profiles/blinky/main.py"), "utf8");
const network = "ssid espx-sim\npassword espx-sim\nmqttbroker broker\nmqttname D\n";

async function blinky(config = ""): Promise<Device> {
  const device = await makeDevice({ app: program, config: `${network}${config}` });
  await device.powerOn(5_000);
  return device;
}

/** How often the pin rose in the next `ms`, a second. */
async function rateHz(device: Device, pin: number, ms: number): Promise<number> {
  const from = device.pins.length;
  await device.advance(ms);
  return device.pins.slice(from).filter((event) => event.pin === pin && event.value === 1).length / (ms / 1000);
}

describe("blinky", () => {
  it("is on the broker within two seconds and blinks at 1 Hz", async () => {
    const device = await blinky();
    expect(device.when("mqtt: connect -> connected")).toBeLessThan(2_000);
    expect(device.published("stat/D/Rate")).toEqual(["1"]);
    expect(await rateHz(device, 2, 20_000)).toBeCloseTo(1, 1);
  });

  it("takes a rate over MQTT and reports it", async () => {
    const device = await blinky();
    device.broker.publish("cmnd/D/Rate", "5");
    await device.advance(1_000);
    expect(device.published("stat/D/Rate")).toEqual(["1", "5"]);
    expect(await rateHz(device, 2, 20_000)).toBeCloseTo(5, 0);
    device.broker.publish("cmnd/D/Rate", " 0.5 ");
    await device.advance(1_000);
    expect(device.published("stat/D/Rate")).toEqual(["1", "5", "0.5"]);
    expect(await rateHz(device, 2, 40_000)).toBeCloseTo(0.5, 1);
  });

  it("refuses what is no rate, and says so on the log", async () => {
    const device = await blinky();
    for (const text of ["fast", "", "0", "-1", "21", "nan", "inf", "1e999", "5 Hz"]) {
      device.broker.publish("cmnd/D/Rate", text);
      await device.advance(1_000);
    }
    expect(device.published("stat/D/Rate")).toEqual(["1"]);
    expect(device.published("stat/D/Log").filter((line) => line.includes("is not in 0.1..20 Hz"))).toHaveLength(9);
    expect(device.boots).toEqual(["power-on"]);
  });

  it("uses pin, level and rate of the config", async () => {
    const device = await blinky("pin 4\ninverse 1\nrate 10\n");
    expect(device.published("stat/D/Rate")).toEqual(["10"]);
    expect(device.pins.every((event) => event.pin === 4)).toBe(true);
    expect(await rateHz(device, 4, 10_000)).toBeCloseTo(10, 0);
  });

  it("leaves the LED dark when it is stopped", async () => {
    const device = await blinky();
    await device.type("\x03");
    expect(device.board.pin(2)).toBe(0);
  });
});
