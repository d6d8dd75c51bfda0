import { defineCommand } from "../command.ts";
import { listFirmware } from "../jobs/list-firmware.ts";

export default defineCommand({
  name: "firmware",
  summary: "list the MicroPython firmware that can be fetched",
  description:
    "Lists the catalogue manifests/firmware.yaml: boards, variants and versions, whether their hash is known, and whether they are in the cache already.",
  examples: ["espx firmware", "espx firmware ESP32_GENERIC --json"],
  args: [{ name: "board", description: "only this board", optional: true }],
  run: (ctx, { args }) => listFirmware(ctx, args[0]),
});
