import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import { flash } from "../jobs/flash.ts";
import { chipFlags, chosenChip } from "./_chip.ts";
import { optionalAddress } from "./_numbers.ts";

export default defineCommand({
  name: "flash",
  summary: "write firmware into a board's flash",
  description:
    "Brings images into flash, each checked before anything is erased and verified afterwards. What the chip already holds is not sent; a lost port is found again. Ends when the banner of MicroPython was seen, or says that it was not.",
  examples: [
    "espx flash --image firmware.bin --port sim:kitchen",
    "espx flash --image 0x10000:app.bin --port sim:kitchen --dry-run",
    "espx flash --image firmware.bin --erase --yes --port sim:kitchen",
  ],
  flags: {
    ...chipFlags,
    image: {
      value: "[addr:]file",
      repeats: true,
      short: "i",
      description: "a file, with its address where its content does not say it; repeats",
    },
    erase: { description: "erase all of the flash first, the board's files too" },
    flashMode: { value: "mode", description: "change the boot loader's flash mode: qio, qout, dio, dout" },
    flashFreq: { value: "clock", description: "change its flash clock: 80m, 40m, …" },
    flashSize: { value: "size", description: "change its flash size: 4MB, 8MB, …" },
  },
  changes: true,
  destroys: true,
  async run(ctx, { flags }) {
    const { image, erase, flashMode: mode, flashFreq: frequency, flashSize: size } = flags;
    if (image.length === 0) throw noImage();
    const images = image.map(imageOf);
    const settings = { ...(mode && { mode }), ...(frequency && { frequency }), ...(size && { size }) };
    return flash(ctx, { ...(await chosenChip(ctx, flags)), images, erase, settings });
  },
});

/** `0x10000:file`, or a file alone. */
function imageOf(text: string): { readonly file: string; readonly address: number | undefined } {
  const [, address, file] = /^(0x[0-9a-f]+|\d+[km]?b?):(.+)$/i.exec(text) ?? [];
  return file === undefined
    ? { file: text, address: undefined }
    : { file, address: optionalAddress(address, "the address") };
}

function noImage(): UsageError {
  return new UsageError("cli/argument-missing", "no image is named", {
    hint: "for example espx flash --image firmware.bin; MicroPython's are at https://micropython.org/download/",
  });
}
