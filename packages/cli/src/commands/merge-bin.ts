import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { mergeBin } from "../jobs/merge-bin.ts";
import { filesAt, optionalAddress } from "./_numbers.ts";

export default defineCommand({
  name: "merge-bin",
  summary: "make one file of several that go to different addresses",
  description:
    "Makes one file of several, with 0xff where there is nothing, as esptool's merge-bin does for raw files. Flash settings are changed in the boot loader's header, and its SHA-256 with them.",
  examples: [
    "espx merge-bin --output merged.bin 0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin",
    "espx merge-bin --output merged.bin --fill 4MB 0x0:bootloader.bin 0x8000:partitions.bin 0x10000:app.bin",
  ],
  args: [{ name: "address file", description: "addresses in flash, each with its file", variadic: true }],
  flags: {
    output: { value: "file", short: "o", description: "the file to write" },
    fill: { value: "size", description: "fill up with 0xff to this size of flash" },
    padToSize: { value: "size", description: "the same as --fill, in esptool's words" },
    offset: { value: "address", description: "where in flash the merged file goes; 0 unless given" },
    targetOffset: { value: "address", short: "t", description: "the same as --offset, in esptool's words" },
    flashMode: { value: "mode", description: "change the boot loader's flash mode: qio, qout, dio, dout" },
    flashFreq: { value: "clock", description: "change its flash clock, for example 80m" },
    flashSize: { value: "size", description: "change its flash size, for example 8MB" },
  },
  async run(ctx, { args, flags }) {
    const { output, flashMode, flashFreq, flashSize } = flags;
    if (output === undefined) {
      throw new UsageError("cli/usage", "it is not said where the merged file goes", {
        hint: "add --output merged.bin",
      });
    }
    const settings = { mode: flashMode, frequency: flashFreq, size: flashSize };
    return mergeBin(ctx, {
      files: filesAt(args, "merge-bin"),
      output,
      offset: optionalAddress(flags.offset ?? flags.targetOffset, "--offset") ?? 0,
      fillToBytes: optionalAddress(flags.fill ?? flags.padToSize, "--fill"),
      settings: Object.fromEntries(
        Object.entries(settings).filter(([, value]) => value !== undefined && value !== "keep"),
      ),
    });
  },
});
