import { defineCommand } from "../command.ts";
import { test } from "../jobs/test.ts";
import { wholeNumber } from "./_flags.ts";

export default defineCommand({
  name: "test",
  summary: "run a profile's scenarios on virtual boards",
  description:
    "Runs the scenarios in profiles/PROFILE/tests, each on a fresh virtual board with the profile on it, in virtual time: hours pass in seconds, the same each time. docs/testing.md has the language.",
  examples: ["espx test blinky", "espx test blinky --filter rate", "espx test blinky --junit report.xml --seed 7"],
  args: [
    {
      name: "profile",
      description: "profiles to test; without one, all of this project, or those that espx ships",
      optional: true,
      variadic: true,
    },
  ],
  flags: {
    filter: { value: "text", description: "run only scenarios with this in PROFILE/SCENARIO" },
    junit: { value: "file", description: "write a JUnit XML report too" },
    seed: { value: "number", description: "fixes all that is random; 1 when not given" },
  },
  async run(ctx, { args, flags }) {
    const seed = flags.seed === undefined ? 1 : wholeNumber(flags.seed, "--seed", { min: 0, max: 2 ** 32 - 1 });
    return { ...(await test(ctx, { profiles: args, filter: flags.filter, seed, junitFile: flags.junit })) };
  },
});
