import { isEspxError, type PortInfo } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { showPorts, watchPorts } from "../jobs/watch-ports.ts";

export default defineCommand({
  name: "ports",
  summary: "list the ports at which boards may be",
  description:
    "Lists serial ports and running virtual boards. No port is opened, so no board is reset. With --watch it goes on, and says what is plugged in and unplugged, until Ctrl-C or --timeout.",
  examples: ["espx ports", "espx ports --json", "espx ports --watch --timeout 2"],
  flags: {
    all: { short: "a", description: "also ports whose adapter is not one that ESP32 boards carry" },
    watch: { short: "w", description: "go on: say which ports come and go" },
  },
  async run(ctx, { flags }) {
    const isWanted = (port: PortInfo): boolean => port.known || flags.all;
    if (flags.watch) {
      try {
        await watchPorts(ctx, isWanted);
      } catch (error) {
        // The time that was given is how long to watch, and its end is no failure.
        if (!isEspxError(error, "cli/timed-out")) throw error;
        return {};
      }
    }
    const ports = await showPorts(ctx, isWanted);
    if (ports === 0) {
      const text =
        "no port with a board is there; espx ports --all shows every port, espx sim kitchen starts a virtual board";
      ctx.out.emit({ kind: "log", data: { level: "info", text } });
    }
    return { ports };
  },
});
