import { defineCommand } from "../command.ts";
import { imageInfo } from "../jobs/image-info.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "image-info",
  summary: "show what an ESP image or a merged firmware holds",
  description:
    "Shows chip, revisions, segments, checksum, SHA-256 and application of an image, of every image in a merged firmware or a backup, and its partition table. Ends with exit code 11 when a checksum or a hash does not fit.",
  examples: ["espx image-info firmware.bin", "espx image-info firmware.bin --json"],
  args: [{ name: "file", description: "an ESP image, a merged firmware, a backup or a partition table" }],
  run: (ctx, { args }) => imageInfo(ctx, argument(args, 0)),
});
