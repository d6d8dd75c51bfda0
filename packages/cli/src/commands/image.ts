import type { Command } from "../command.ts";
import imageInfo from "./image-info.ts";

const command: Command = {
  ...imageInfo,
  name: "image",
  summary: "the same as image-info",
  examples: ["espx image firmware.bin", "espx image kitchen.bin --json"],
};

export default command;
