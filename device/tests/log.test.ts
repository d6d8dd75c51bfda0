import { afterEach, describe, expect, it } from "vitest";
import { app } from "./apps.ts";
import { closeWorlds, type Device, makeDevice, quickConfig } from "./harness.ts";

afterEach(closeWorlds);

const logged = (device: Device): string[] =>
  device.published("stat/D/Log").filter((line) => line.startsWith("app: ") || line.includes("lost"));

describe("log", () => {
  it("E25 publishes every line of one turn, in order and not retained", async () => {
    const device = await makeDevice({
      app: app(`ctx.loop.once("burst", lambda task: [ctx.log("line %d" % n) for n in range(9)], 15000)`),
    });
    await device.powerOn(20_000);
    expect(logged(device)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => `app: line ${n}`));
  });

  it("E25 keeps lines while there is no broker, and says how many were lost", async () => {
    const device = await makeDevice({
      app: app(`for n in range(40): ctx.log("line %d" % n)`),
      config: `${quickConfig}\nloglines 10\n`,
    });
    await device.powerOn(15_000);
    const lines = logged(device);
    expect(lines[0]).toMatch(/^3\d log lines lost$/);
    expect(lines.at(-1)).toBe("app: line 39");
    expect(lines).toHaveLength(1 + 40 - Number.parseInt(lines[0] as string));
  });

  it("prints what is not worth publishing, and cuts what is too long", async () => {
    const device = await makeDevice({ app: app(`ctx.say("only here")\nctx.log("x" * 500)`) });
    await device.powerOn(15_000);
    expect(device.text).toContain("app: only here");
    expect(logged(device)).toEqual([`app: ${"x".repeat(195)}`]);
  });
});
