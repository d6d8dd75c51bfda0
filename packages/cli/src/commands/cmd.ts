import { commandTopic, UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { findBroker } from "../jobs/find-broker.ts";
import { argument, brokerFlags, deviceName } from "./_flags.ts";

export default defineCommand({
  name: "cmd",
  summary: "send a command to a device over MQTT",
  description: "Publishes TEXT to cmnd/DEVICE/TOPIC.",
  examples: ["espx cmd kitchen Rate 5"],
  args: [
    { name: "device", description: "name of the device in topics" },
    { name: "topic", description: "what stands after cmnd/DEVICE/" },
    { name: "text", description: "the command" },
  ],
  flags: brokerFlags,
  changes: true,
  async run(ctx, { args, flags }) {
    const device = deviceName(args);
    const topic = commandTopic(device, topicRest(argument(args, 1)));
    const payload = argument(args, 2);
    const broker = await findBroker(ctx, flags.broker, device);
    if (ctx.flags.dryRun) {
      ctx.out.emit({ kind: "log", data: { level: "info", text: `would publish ${topic} ${payload}` } });
      return { topic };
    }
    const link = await ctx.outside.connectBroker(broker);
    try {
      await link.publish(topic, new TextEncoder().encode(payload), { qos: 1 });
    } finally {
      await link.close();
    }
    ctx.out.emit({ kind: "published", device, data: { topic, payload } });
    return { topic };
  },
});

/** A broker hangs up on who publishes to a wildcard. */
function topicRest(text: string): string {
  if (text !== "" && !/[+#\p{Cc}]/u.test(text)) return text;
  throw new UsageError("cli/argument-value", `"${text}" cannot be published to`, {
    hint: "a topic is not empty and has no + and no #, for example Rate",
  });
}
