import { defineCommand } from "../command.ts";
import { UsageError } from "@espx/proto";
import { deployAll } from "../jobs/deploy-all.ts";
import { profileOfDevice } from "../jobs/deploy-device.ts";
import { deploy } from "../jobs/deploy.ts";
import type { BaudWish } from "../jobs/line-rates.ts";
import { watchDeploy } from "../jobs/watch-deploy.ts";
import { boardFlags, wholeNumber } from "./_flags.ts";

export default defineCommand({
  name: "deploy",
  summary: "bring a profile or a folder onto a board",
  description:
    "Builds the profile, compares it with the board, sends what differs into the idle slot, verifies it, switches, and waits until the board confirms it. The set that ran stays in the other slot. A folder goes onto the board as it is: its own paths, each file replaced by itself, main.py and boot.py last, then the program starts anew.",
  examples: [
    "espx deploy blinky --port sim:kitchen --config config.txt",
    "espx deploy blinky --port sim:kitchen --check",
    "espx deploy blinky --device kitchen --dry-run",
    "espx deploy --all --check",
    "espx deploy ./weather --port sim:kitchen --ignore 'tests/' --dry-run",
  ],
  args: [
    {
      name: "profile-or-folder",
      description:
        "a profile of this project, or one that espx ships; or a folder; with --all or --device it may be left off",
      optional: true,
    },
  ],
  flags: {
    ...boardFlags,
    config: { value: "file", short: "c", description: "the device's config, as config.txt or YAML" },
    check: { description: "only compare: exit 7 when the board differs" },
    full: { description: "look at every file, also when the board says that nothing has changed" },
    all: { description: "every device of espx.yaml that has a profile, at once: a line each, exit 9 when some failed" },
    noWait: { description: "do not wait for the confirmation" },
    layout: { value: "name", description: "for a folder: flat (its own paths, the default) or slots (two sets)" },
    ignore: { value: "pattern", repeats: true, description: "leave files of a folder out; repeats" },
    prune: { description: "remove from the board what the folder does not have" },
    keep: { value: "pattern", repeats: true, description: "files of the board that --prune leaves; repeats" },
    watch: { description: "go on: bring over what is saved, start anew, show what the program prints" },
    baud: {
      value: "rate",
      description: "while files are sent: auto (the best that the adapter takes, the default), fixed, or a number",
    },
    noRestart: { description: "leave a flat program stopped" },
  },
  changes: true,
  destroys: true,
  async run(ctx, { args, flags }) {
    const { port, device, filter, config: configFile, check, layout, ignore, keep, prune } = flags;
    const shared = { filter, configFile, check, full: flags.full, wait: !flags.noWait, restart: !flags.noRestart };
    const rest = { ...shared, layout, ignore, keep, prune, baud: baudWish(flags.baud) };
    if (flags.all) return { ...(await deployAll(ctx, { ...rest, profile: profileForAll(args[0], flags) })) };
    const what = args[0] ?? (await profileOfDevice(ctx, device));
    const command = commandLine(what, { device, port, config: configFile, layout });
    const options = { ...rest, what, port, device, command };
    return flags.watch ? watchDeploy(ctx, options) : deploy(ctx, options);
  },
});

function baudWish(text: string | undefined): BaudWish {
  if (text === undefined || text === "auto") return "auto";
  return text === "fixed" ? "fixed" : wholeNumber(text, "--baud", { min: 115_200, max: 5_000_000 });
}

/** Every device has its own port and config. */
function profileForAll(profile: string | undefined, flags: Readonly<Record<string, unknown>>): string | undefined {
  const clash = ["port", "device", "config", "watch", "layout"].find(
    (name) => flags[name] !== undefined && flags[name] !== false,
  );
  if (clash === undefined) return profile;
  throw new UsageError("cli/usage", `--all takes what espx.yaml says of each device, and no --${clash}`, {
    hint: `leave --all or --${clash} off`,
  });
}

/** The command that a hint names. */
function commandLine(what: string, values: Readonly<Record<string, string | undefined>>): string {
  const words = Object.entries(values).map(([flag, value]) =>
    value === undefined ? "" : ` --${flag} ${/\s/.test(value) ? `"${value}"` : value}`,
  );
  return `espx deploy ${what}${words.join("")}`;
}
