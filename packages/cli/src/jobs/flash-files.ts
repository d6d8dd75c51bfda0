import {
  decodePartitionTable,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SIZE,
  type FlashSettings,
  type Partition,
} from "@espx/image";
import { isEspxError, UsageError } from "@espx/proto";
import { type FlashRegion, type FlashSession, type ImageFile, placeImages } from "@espx/serial";
import type { Context } from "../context.ts";
import { flashTools } from "../ports/flash-tools.ts";
import { readLocal } from "./local-file.ts";

/** A file that was named, with its address when it was given. */
export interface NamedImage {
  readonly file: string;
  readonly address: number | undefined;
}

/** Reads every file before a port is opened. @throws NotFoundError `cli/local-file` */
export function readImages(ctx: Context, images: readonly NamedImage[]): Promise<readonly ImageFile[]> {
  return Promise.all(
    images.map(async ({ file, address }) => ({ name: file, address, bytes: await readLocal(ctx, file) })),
  );
}

/**
 * The files as regions of this chip's flash, checked against it; where an address is missing, a person is asked.
 *
 * @throws as `placeImages`
 */
export async function placeOnChip(
  ctx: Context,
  session: FlashSession,
  request: {
    readonly files: readonly ImageFile[];
    readonly table: readonly Partition[] | undefined;
    readonly settings: Partial<FlashSettings>;
  },
): Promise<readonly FlashRegion[]> {
  const { target, identity, flash } = session.chip;
  const { table, settings } = request;
  const place = { target, revision: identity?.revision, flashBytes: flash.sizeBytes, table };
  let files = request.files;
  for (;;) {
    try {
      return placeImages(files, place, { tools: flashTools, settings });
    } catch (error) {
      const file = isEspxError(error, "flash/address-needed") ? error.details["file"] : undefined;
      if (file === undefined || !ctx.terminal.interactive) throw error;
      const address = await askAddress(ctx, (error as Error).message);
      files = files.map((entry) => (entry.name === file ? { ...entry, address } : entry));
    }
  }
}

async function askAddress(ctx: Context, why: string): Promise<number> {
  ctx.out.settle();
  const answer = await ctx.terminal.ask(`${why}. Address? `, ctx.signal);
  const address = /^(0x[0-9a-f]+|\d+)$/i.test(answer.trim()) ? Number(answer.trim()) : Number.NaN;
  if (Number.isInteger(address)) return address;
  throw new UsageError("cli/argument-value", `"${answer.trim()}" is no address`, { hint: "for example 0x10000" });
}

/** The partition table on a chip; undefined when there is none that can be read. */
export async function tableOnChip(session: FlashSession): Promise<readonly Partition[] | undefined> {
  const bytes = await session.read(PARTITION_TABLE_OFFSET, PARTITION_TABLE_SIZE);
  try {
    return decodePartitionTable(bytes, flashTools.md5).partitions;
  } catch (error) {
    if (isEspxError(error)) return undefined;
    throw error;
  }
}
