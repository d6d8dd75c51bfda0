import type { Command } from "../command.ts";
import deploy from "./deploy.ts";

const command: Command = {
  ...deploy,
  name: "cpall",
  summary: "the same as deploy, under its first name",
  examples: ["espx cpall blinky --port sim:kitchen --config config.txt"],
};

export default command;
