import { commandTopic, deviceTopic, isDeviceName, parseTopic, statTopic } from "@espx/proto";
import { describe, expect, test } from "vitest";
import { codeOf, vectors } from "./vectors.ts";

describe("topics", () => {
  for (const { name, topic, value } of vectors<{ name: string; topic: string; value: unknown }>("topics")) {
    test(`parses ${name}`, () => expect(parseTopic(topic)).toEqual(value));
  }

  test("builds what it parses", () => {
    expect(statTopic("shed", "0/State")).toBe("stat/shed/0/State");
    expect(commandTopic("shed", "OTA")).toBe("cmnd/shed/OTA");
    expect(deviceTopic("home", "shed", "reported")).toBe("espx/home/d/shed/reported");
  });

  test.each(["", "a/b", "a+b", "#", "a\u0000", "x".repeat(65)])("a device cannot be called %j", (name) => {
    expect(isDeviceName(name)).toBe(false);
    expect(codeOf(() => statTopic(name, "x"))).toBe("proto/bad-name");
  });
});
