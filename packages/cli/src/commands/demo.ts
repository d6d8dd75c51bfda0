import { defineCommand } from "../command.ts";
import { demo } from "../jobs/demo.ts";

export default defineCommand({
  name: "demo",
  summary: "show the main job on a virtual board",
  description:
    "Starts a broker and a virtual board in this process, deploys the profile blinky over the board's serial port, changes its rate over MQTT, deploys again, and cuts the power in the middle of a third deploy. Each claim is checked; one that is not true ends the demo with exit 7.",
  examples: ["espx demo", "espx demo --json"],
  async run(ctx) {
    return demo(ctx);
  },
});
