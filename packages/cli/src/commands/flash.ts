import { UsageError } from "@espx/proto";
import type { BeforeMode, LeaveMode } from "@espx/serial";
import { defineCommand } from "../command.ts";
import { chooseBoard } from "../jobs/choose-port.ts";
import { flash } from "../jobs/flash.ts";
import { boardFlags, wholeNumber } from "./_flags.ts";
import { optionalAddress } from "./_numbers.ts";

const befores: readonly BeforeMode[] = ["default-reset", "usb-reset", "no-reset"];
const afters: readonly LeaveMode[] = ["hard-reset", "soft-reset", "no-reset"];

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
    ...boardFlags,
    image: {
      value: "[addr:]file",
      repeats: true,
      short: "i",
      description: "a file, with its address where its content does not say it; repeats",
    },
    chip: { value: "chip", description: "refuse any other chip: esp32, esp32s3, esp32c3, …" },
    erase: { description: "erase all of the flash first, the board's files too" },
    baud: { value: "rate", description: "highest rate of the line (921600, or what this adapter held before)" },
    before: { value: "mode", description: `${befores.join(", ")} (the chip waits in its loader)` },
    after: { value: "mode", description: `${afters.join(", ")} (the chip stays in its loader)` },
    noStub: { description: "work with the chip's ROM alone, which is slower" },
    flashMode: { value: "mode", description: "change the boot loader's flash mode: qio, qout, dio, dout" },
    flashFreq: { value: "clock", description: "change its flash clock: 80m, 40m, …" },
    flashSize: { value: "size", description: "change its flash size: 4MB, 8MB, …" },
    trace: { value: "file", description: "write every byte on the line with its time" },
  },
  changes: true,
  destroys: true,
  async run(ctx, { flags }) {
    const { image, chip, erase, trace, flashMode: mode, flashFreq: frequency, flashSize: size } = flags;
    if (image.length === 0) throw noImage();
    const images = image.map(imageOf);
    const before = oneOf(flags.before ?? "default-reset", befores, "--before");
    const after = oneOf(flags.after ?? "hard-reset", afters, "--after");
    const baudRate =
      flags.baud === undefined ? undefined : wholeNumber(flags.baud, "--baud", { min: 9600, max: 5_000_000 });
    const settings = { ...(mode && { mode }), ...(frequency && { frequency }), ...(size && { size }) };
    const { url } = await chooseBoard(ctx, flags);
    return flash(ctx, { url, images, chip, erase, before, after, baudRate, useStub: !flags.noStub, settings, trace });
  },
});

/** `0x10000:file`, or a file alone. */
function imageOf(text: string): { readonly file: string; readonly address: number | undefined } {
  const [, address, file] = /^(0x[0-9a-f]+|\d+[km]?b?):(.+)$/i.exec(text) ?? [];
  return file === undefined
    ? { file: text, address: undefined }
    : { file, address: optionalAddress(address, "the address") };
}

/** @throws UsageError `cli/flag-value` */
function oneOf<T extends string>(text: string, values: readonly T[], flag: string): T {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw new UsageError("cli/flag-value", `${flag} takes ${values.join(", ")}, got "${text}"`, {
    hint: `for example ${flag} ${values[0] ?? ""}`,
  });
}

function noImage(): UsageError {
  return new UsageError("cli/argument-missing", "no image is named", {
    hint: "for example espx flash --image firmware.bin; MicroPython's are at https://micropython.org/download/",
  });
}
