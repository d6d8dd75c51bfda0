import { isEspxError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { findBroker } from "../jobs/find-broker.ts";
import { monitorDevice } from "../jobs/monitor.ts";
import { brokerFlags, deviceName, wholeNumber } from "./_flags.ts";

export default defineCommand({
  name: "monmqtt",
  summary: "follow what a device reports over MQTT",
  description: "Prints every message below stat/DEVICE/ with its topic, until Ctrl-C, --count or --timeout.",
  examples: ["espx monmqtt kitchen", "espx monmqtt kitchen --count 3 --timeout 60"],
  args: [{ name: "device", description: "name of the device in topics" }],
  flags: {
    ...brokerFlags,
    refresh: { description: "ask the device to say everything again, so that there is something at once" },
    count: { value: "n", short: "n", description: "end after so many messages" },
  },
  async run(ctx, { args, flags }) {
    const device = deviceName(args);
    const count =
      flags.count === undefined ? undefined : wholeNumber(flags.count, "--count", { min: 1, max: 1_000_000_000 });
    const broker = await findBroker(ctx, flags.broker, device);
    try {
      return { messages: await monitorDevice(ctx, { device, broker, count, refresh: flags.refresh }) };
    } catch (error) {
      // Without --count, the time that was given is how long to listen, and its end is no failure.
      if (count === undefined && isEspxError(error, "cli/timed-out")) return {};
      throw error;
    }
  },
});
