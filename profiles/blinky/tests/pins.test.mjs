// Pins and levels of the config, one scenario for each: what a loop says better than lines.

/** @type {import("espx").ScriptedScenarios} */
export const scenarios = Object.fromEntries(
  [4, 16, 25].map((pin) => [
    `blinks at pin ${pin}, lit by a low level`,
    async ({ board }) => {
      board.config("pin", pin);
      board.config("inverse", true);
      board.config("rate", 10);
      await board.start();
      await board.expect.mqtt("Rate", 10, { within: "30 s" });
      await board.expect.pulse(pin, "100 ms");
      // The framework answers on the console; Ctrl-C ends it, and the LED is left dark.
      await board.type("\x03");
      await board.run("expect pin 2 0\nexpect console >>> within 1 s");
      if (board.levels(pin).at(-1)?.value !== 1) throw new Error(`the LED at pin ${pin} is still lit`);
    },
  ]),
);
