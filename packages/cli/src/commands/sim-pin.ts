import { defineCommand } from "../command.ts";
import { argument, wholeNumber } from "./_flags.ts";

const SETTLE_TRIES = 10;
const SETTLE_MS = 20;

export default defineCommand({
  name: "sim pin",
  summary: "read or set a pin of a virtual board",
  description: "Prints the level of pin N; with a value, drives it from outside as a button would.",
  examples: ["espx sim pin kitchen 2", "espx sim pin kitchen 0 1"],
  args: [
    { name: "name", description: "a virtual board that runs" },
    { name: "n", description: "number of the pin" },
    { name: "value", description: "0 or 1", optional: true },
  ],
  async run(ctx, { args }) {
    const board = argument(args, 0);
    const pin = wholeNumber(argument(args, 1), "the pin", { min: 0, max: 48 });
    const wanted = args[2] === undefined ? undefined : wholeNumber(args[2], "the value", { min: 0, max: 1 });
    const control = await ctx.outside.simControl();
    let value = await control.pin(board, pin, wanted as 0 | 1 | undefined);
    // The board takes it at its next wait; a pin that the program drives keeps its level.
    for (let tries = 0; wanted !== undefined && value !== wanted && tries < SETTLE_TRIES; tries++) {
      await ctx.clock.sleep(SETTLE_MS, ctx.signal);
      value = await control.pin(board, pin);
    }
    ctx.out.emit({ kind: "pin", device: board, data: { board, pin, value } });
    return { pin, value };
  },
});
