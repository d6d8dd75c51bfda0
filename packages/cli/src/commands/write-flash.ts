import { defineCommand } from "../command.ts";
import { flash } from "../jobs/flash.ts";
import { namedFiles } from "../jobs/flash-source.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { filesAt } from "./_numbers.ts";

export default defineCommand({
  name: "write-flash",
  summary: "write files to addresses in flash",
  description:
    "The same as espx flash --image ADDRESS:FILE, in esptool's words: checked before anything is erased, only what differs is sent, verified afterwards. Asks before the board's files are overwritten.",
  examples: [
    "espx write-flash 0x10000 app.bin --port sim:kitchen",
    "espx write-flash 0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin --port sim:kitchen --dry-run",
  ],
  args: [{ name: "address file", description: "addresses in flash, each with its file", variadic: true }],
  flags: {
    ...chipFlags,
    eraseAll: { short: "e", description: "erase all of the flash first, the board's files too" },
    flashMode: { value: "mode", description: "change the boot loader's flash mode: qio, qout, dio, dout" },
    flashFreq: { value: "clock", description: "change its flash clock: 80m, 40m, …" },
    flashSize: { value: "size", description: "change its flash size: 4MB, 8MB, …" },
  },
  changes: true,
  destroys: true,
  async run(ctx, { args, flags }) {
    const { flashMode: mode, flashFreq: frequency, flashSize: size } = flags;
    const settings = Object.fromEntries(
      Object.entries({ mode, frequency, size }).filter(([, value]) => value !== undefined && value !== "keep"),
    );
    const files = await namedFiles(ctx, filesAt(args, "write-flash"));
    return flash(ctx, { ...(await chosenChip(ctx, flags)), files, erase: flags.eraseAll, settings });
  },
});
