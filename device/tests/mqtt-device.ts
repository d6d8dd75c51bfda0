import { expect } from "vitest";
import { app } from "./apps.ts";
import { type Device, makeDevice, quickConfig } from "./harness.ts";

/** What an application that publishes or obeys imports. */
export const header = "from espx.topics import Command, Publisher\n";

/** A component with a value that is set over MQTT, published when it changes. */
export const valueApp =
  header +
  app(`self.value = "one"
self.topics = [Publisher("Value", lambda: self.value, 1000, 1800000)]
self.commands = [Command("Value", lambda text: setattr(self, "value", text))]`);

/** A device that has reached its broker; what comes later takes the original's times. */
export async function connected(program = valueApp, text = quickConfig): Promise<Device> {
  const device = await makeDevice({ app: program, config: text });
  await device.powerOn(10_000);
  expect(device.text).toContain("mqtt: connect -> connected");
  return device;
}
