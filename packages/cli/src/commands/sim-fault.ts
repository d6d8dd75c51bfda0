import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { faultUsage, readFault } from "../jobs/read-fault.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "sim fault",
  summary: "give a virtual board a fault",
  description: "Gives a running virtual board a fault, or takes it away. --list names the faults and their values.",
  examples: [
    "espx sim fault --list",
    "espx sim fault kitchen access-point down",
    "espx sim fault kitchen broker silent",
  ],
  args: [
    { name: "name", description: "a virtual board that runs", optional: true },
    { name: "fault", description: "the fault and its value", optional: true, variadic: true },
  ],
  flags: { list: { description: "list the faults" } },
  async run(ctx, { args, flags }) {
    const { simFaults, parseFault } = await import("../ports/sim-control.ts");
    if (flags.list) {
      for (const usage of faultUsage(simFaults)) ctx.out.emit({ kind: "fault", data: usage });
      return {};
    }
    if (args.length < 2) {
      throw new UsageError("cli/argument-missing", "a board and a fault are needed", {
        hint: "espx sim fault --list names the faults",
      });
    }
    const board = argument(args, 0);
    const fault = parseFault(readFault(args.slice(1), simFaults));
    await (await ctx.outside.simControl()).fault(board, fault);
    ctx.out.emit({ kind: "log", device: board, data: { level: "info", text: `${board}: ${args.slice(1).join(" ")}` } });
    return { fault };
  },
});
