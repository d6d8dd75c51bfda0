import { isEspxError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { simulate } from "../jobs/simulate.ts";
import { wholeNumber } from "./_flags.ts";

export default defineCommand({
  name: "sim",
  summary: "run virtual boards with a broker",
  description:
    "Runs virtual boards in the foreground, with an MQTT broker, until Ctrl-C or --timeout. Other terminals reach a board as sim:NAME; its flash stays between runs.",
  examples: ["espx sim kitchen", "espx sim kitchen cellar --fresh"],
  args: [
    {
      name: "name",
      description: "names of the boards, one called board when there is none",
      optional: true,
      variadic: true,
    },
  ],
  flags: {
    fresh: { description: "forget what the boards' flash held" },
    pty: { description: "make a pseudo-terminal for each board, with socat" },
    lineBaud: { value: "baud", description: "pass serial bytes no faster than a line at this rate" },
    blank: { description: "new boards come with an erased chip instead of MicroPython" },
    chip: { value: "chip", description: "chip of new boards: esp32, esp32s3 or esp32c3" },
    brokerPort: { value: "port", description: "port of the broker; else 1883 when it is free" },
  },
  async run(ctx, { args, flags }) {
    const port =
      flags.brokerPort === undefined
        ? undefined
        : wholeNumber(flags.brokerPort, "--broker-port", { min: 0, max: 65_535 });
    const baudRate =
      flags.lineBaud === undefined
        ? undefined
        : wholeNumber(flags.lineBaud, "--line-baud", { min: 300, max: 5_000_000 });
    const names = args.length === 0 ? ["board"] : args;
    try {
      const { fresh, blank, chip, pty } = flags;
      await simulate(ctx, { names, fresh, blank, chip, brokerPort: port, baudRate, pty });
    } catch (error) {
      // The time that was given is how long to run, and its end is no failure.
      if (!isEspxError(error, "cli/timed-out")) throw error;
    }
  },
});
