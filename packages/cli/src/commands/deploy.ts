import { defineCommand } from "../command.ts";
import { deploy } from "../jobs/deploy.ts";
import { argument, boardFlags } from "./_flags.ts";

export default defineCommand({
  name: "deploy",
  summary: "bring a profile onto a board",
  description:
    "Builds the profile, compares it with the board, sends what differs into the idle slot, verifies it, switches, and waits until the board confirms it. The set that ran stays in the other slot.",
  examples: [
    "espx deploy blinky --port sim:kitchen --config config.txt",
    "espx deploy blinky --port sim:kitchen --check",
    "espx deploy blinky --device kitchen --dry-run",
  ],
  args: [{ name: "profile", description: "a profile of this project, or one that espx ships" }],
  flags: {
    ...boardFlags,
    config: { value: "file", short: "c", description: "the device's config, as config.txt or YAML" },
    check: { description: "only compare: exit 7 when the board differs" },
    noWait: { description: "do not wait for the confirmation" },
  },
  changes: true,
  destroys: true,
  async run(ctx, { args, flags }) {
    const { port, device, filter, config: configFile, check } = flags;
    return deploy(ctx, { profile: argument(args, 0), port, device, filter, configFile, check, wait: !flags.noWait });
  },
});
