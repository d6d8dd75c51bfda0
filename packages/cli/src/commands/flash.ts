import { UsageError } from "@espx/proto";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { chooseBoard } from "../jobs/choose-port.ts";
import { flash } from "../jobs/flash.ts";
import { flashMany } from "../jobs/flash-many.ts";
import { catalogueFiles, type FileSource, namedFiles } from "../jobs/flash-source.ts";
import { chipFlags, loaderWish } from "./_chip.ts";
import { boardFlags } from "./_flags.ts";
import { optionalAddress } from "./_numbers.ts";

export default defineCommand({
  name: "flash",
  summary: "write firmware into a board's flash",
  description:
    "Brings images into flash, or without --image the firmware of the catalogue that fits the chip (espx firmware lists them). Each is checked before anything is erased, and verified afterwards. What the chip already holds is not sent; a lost port is found again. Ends when the banner of MicroPython was seen, or says that it was not.",
  examples: [
    "espx flash --image firmware.bin --port sim:kitchen",
    "espx flash --image 0x10000:app.bin --port sim:kitchen --dry-run",
    "espx flash --image firmware.bin --erase --yes --port sim:kitchen",
    "espx flash --board ESP32_GENERIC --port sim:kitchen",
    "espx flash --image firmware.bin --all --yes",
    'espx flash --image firmware.bin --port sim:kitchen --before "U0,0|U1,1|U0,1|W0.1|U1,0|W0.05|U0,0"',
  ],
  flags: {
    ...chipFlags,
    port: { ...boardFlags.port, repeats: true, description: `${boardFlags.port.description}; several at once` },
    all: { description: "every port with a board, or that --filter leaves; lists them and asks first" },
    board: { value: "name", description: "board of the catalogue, for example ESP32_GENERIC; told from the chip" },
    variant: {
      value: "name",
      description: "variant of that board, for example SPIRAM or OTA; told from flash and PSRAM",
    },
    release: { value: "version", description: "version of MicroPython; the newest of the catalogue" },
    locked: { description: "refuse firmware whose hash is neither in the catalogue nor in espx.lock" },
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
    const { image, port, erase, all, filter, flashMode: mode, flashFreq: frequency, flashSize: size } = flags;
    const settings = { ...(mode && { mode }), ...(frequency && { frequency }), ...(size && { size }) };
    const [first, ...others] = port;
    const wish = loaderWish(flags);
    const files = await sourceOf(ctx, image, flags);
    const options = { ...wish, files, erase, settings };
    const isMany = all || others.length > 0;
    if (isMany && flags.device !== undefined) {
      throw new UsageError("cli/usage", "--device is one board, and several are asked for", {
        hint: "leave --device off, or --all and the other ports",
      });
    }
    if (isMany) return { ...(await flashMany(ctx, { ports: port, all, filter }, options)) };
    const { url, entry } = await chooseBoard(ctx, { port: first, device: flags.device, filter });
    return flash(ctx, { ...options, url, device: entry });
  },
});

interface CatalogueFlags {
  readonly device: string | undefined;
  readonly board: string | undefined;
  readonly variant: string | undefined;
  readonly release: string | undefined;
  readonly locked: boolean;
}

/** The files that were named, or the catalogue's. */
function sourceOf(ctx: Context, images: readonly string[], flags: CatalogueFlags): Promise<FileSource> {
  const { board, variant, release: version, locked, device } = flags;
  if (images.length === 0) return catalogueFiles(ctx, { board, variant, version, locked, device });
  const chosen = Object.entries({ board, variant, release: version }).find(([, value]) => value !== undefined);
  if (chosen === undefined) return namedFiles(ctx, images.map(imageOf));
  throw new UsageError("cli/usage", `--image and --${chosen[0]} are given, expected one of them`, {
    hint: "--image takes a file, without it the catalogue is asked",
  });
}

/** `0x10000:file`, or a file alone. */
function imageOf(text: string): { readonly file: string; readonly address: number | undefined } {
  const [, address, file] = /^(0x[0-9a-f]+|\d+[km]?b?):(.+)$/i.exec(text) ?? [];
  return file === undefined
    ? { file: text, address: undefined }
    : { file, address: optionalAddress(address, "the address") };
}
