import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp, offlineConfig } from "./apps.ts";
import { closeWorlds, makeDevice } from "./harness.ts";

afterEach(closeWorlds);

/** The answers to `#espx? 1` on the console so far. */
const answers = (text: string): unknown[] =>
  [...text.matchAll(/^#espx! 1 (.*?)\r?$/gm)].map((match) => JSON.parse(match[1] as string) as unknown);

const id: unknown = expect.stringMatching(/^[0-9a-f]{12}$/);
const digest: unknown = expect.stringMatching(/^[0-9a-f]{16}$/);

describe("the console's question", () => {
  it("is answered with release, slot, state and what is waited for, while the program runs on", async () => {
    const device = await makeDevice({
      app: app(`ctx.loop.recurring("tick", lambda task: ctx.say("tick"), 1000)`, "False"),
      components: ["log"],
      config: offlineConfig,
      record: { state: "trial", attemptsLeft: 3 },
    });
    await device.powerOn(3_000);
    await device.type("\r#espx? 1\r");
    await device.advance(12_000);
    await device.type("\r#espx? 1\r");
    expect(answers(device.text)).toEqual([
      { release: "app-0000000a", slot: "a", state: "trial", config: null, waiting: ["app", "loop"], id },
      { release: "app-0000000a", slot: "a", state: "trial", config: null, waiting: ["app"], id },
    ]);
    expect(device.count("tick")).toBeGreaterThan(10);
  });

  it("is answered with the first digits of the deployed config's hash", async () => {
    const config = "0123456789abcdef".repeat(4);
    const device = await makeDevice({
      app: goodApp,
      components: [],
      record: { config },
      files: { "/config-01234567.txt": offlineConfig },
    });
    await device.powerOn(1_000);
    await device.type("#espx? 1\r");
    expect(answers(device.text)).toMatchObject([{ state: "confirmed", config: "01234567" }]);
  });

  it("is answered after anything else was typed", async () => {
    const device = await makeDevice({ app: goodApp, components: [], config: offlineConfig });
    await device.powerOn(1_000);
    await device.type("hello\r#espx? 2\r#espx?");
    await device.type(`${"x".repeat(100)}\r\u00fc\u20ac\r\r`);
    expect(answers(device.text)).toEqual([]);
    await device.type("#espx? 1\n");
    expect(answers(device.text)).toEqual([
      { release: "app-0000000a", slot: "a", state: "confirmed", config: null, waiting: [], id, digest },
    ]);
  });

  it("is a comment at the prompt", async () => {
    const device = await makeDevice({ app: goodApp, components: [], config: offlineConfig });
    await device.powerOn(1_000);
    await device.type("\x03");
    await device.type("\r#espx? 1\r40+2\r");
    expect(device.text).toContain("42");
    expect(device.text).not.toContain("Error");
  });
});
