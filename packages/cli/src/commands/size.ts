import { defineCommand } from "../command.ts";
import { size } from "../jobs/size.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "size",
  summary: "measure a profile's heap, flash and import times by module",
  description:
    "Starts the profile on a virtual board with 160 KB of heap and weighs every module as it is loaded. Heap is what MicroPython's own collector says; times are those of this computer's interpreter, a chip takes 10 to 30 times as long.",
  examples: ["espx size blinky", "espx size blinky --json"],
  args: [{ name: "profile", description: "a profile of this project, or one that espx ships" }],
  flags: {
    config: { value: "file", short: "c", description: "the device's config; else the manifest's defaults" },
  },
  async run(ctx, { args, flags }) {
    const { heap, flashBytes } = await size(ctx, { profile: argument(args, 0), configFile: flags.config });
    return { flashBytes, heap };
  },
});
