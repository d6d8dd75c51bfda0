import {
  chipOfId,
  decodeImageHeader,
  type FlashSettings,
  IMAGE_HEADER_SIZE,
  IMAGE_MAGIC,
  type MergePart,
  mergeParts,
  withFlashSettings,
} from "@espx/image";
import { UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { digests } from "../release/digests.ts";
import { localPath, readLocal, writeLocal } from "./local-file.ts";

/** A file and where in flash it goes. */
interface FileAt {
  readonly address: number;
  readonly file: string;
}

/** What is merged, and how. */
export interface MergeBinOptions {
  readonly files: readonly FileAt[];
  readonly output: string;
  /** Flash address of the merged file's first byte. */
  readonly offset: number;
  /** Flash address at which it ends. */
  readonly fillToBytes: number | undefined;
  /** What to change in the boot loader's header. */
  readonly settings: Partial<FlashSettings>;
}

/** Makes one file of several, each at its place in flash. */
export async function mergeBin(ctx: Context, options: MergeBinOptions): Promise<EventData<"written">> {
  const { files, output, offset, fillToBytes, settings } = options;
  const same = files.find(({ file }) => localPath(ctx, file) === localPath(ctx, output));
  if (same !== undefined) {
    throw new UsageError("cli/usage", `${output} would be written over one of the files to be merged`, {
      hint: "give --output another name",
    });
  }
  const parts = await Promise.all(files.map((file) => readPart(ctx, file, settings)));
  if (Object.keys(settings).length > 0 && !parts.some(({ bytes, address }) => isBootLoaderAt(bytes, address))) {
    const text = "no boot loader is among the files, so no flash settings were changed";
    ctx.out.emit({ kind: "log", data: { level: "warning", text } });
  }
  const bytes = mergeParts(parts, fillToBytes === undefined ? { offset } : { offset, fillToBytes });
  return writeLocal(ctx, output, { bytes, secret: false });
}

async function readPart(ctx: Context, { address, file }: FileAt, settings: Partial<FlashSettings>): Promise<MergePart> {
  const bytes = await readLocal(ctx, file);
  const changes = Object.keys(settings).length > 0 && isBootLoaderAt(bytes, address);
  return { name: file, address, bytes: changes ? withFlashSettings(bytes, settings, digests.sha256) : bytes };
}

/** Only the boot loader's header tells a chip how to talk to its flash. */
function isBootLoaderAt(bytes: Uint8Array, address: number): boolean {
  if (bytes[0] !== IMAGE_MAGIC || bytes.length < IMAGE_HEADER_SIZE) return false;
  return chipOfId(decodeImageHeader(bytes).header.chipId)?.bootloaderOffset === address;
}
