import { chipOfId, readFlashFile } from "@espx/image";
import { isEspxError, RefusedError } from "@espx/proto";
import type { FlashRegion, FlashSession } from "@espx/serial";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { digests } from "../release/digests.ts";
import { confirm } from "./ask.ts";
import { findPartition, readContents } from "./flash-contents.ts";
import { placeOnChip, tableOnChip } from "./flash-files.ts";
import { showProgress } from "./flash-progress.ts";
import { readLocal } from "./local-file.ts";
import { type ChipVisit, onChip } from "./on-chip.ts";

type Written = EventData<"region">;

/** Writes a file into a partition, after a yes: an application must be one for this chip, and all must fit. */
export async function writePartition(
  ctx: Context,
  visit: ChipVisit,
  { name, file }: { readonly name: string; readonly file: string },
): Promise<Written | null> {
  const bytes = await readLocal(ctx, file);
  return replace(ctx, visit, {
    question: `the partition ${name} of the board at ${visit.url} is overwritten with ${file}. Go on?`,
    place: async (session) => {
      const { offset: address } = findPartition(await readContents(session), name);
      const table = await tableOnChip(session);
      const regions = await placeOnChip(ctx, session, { files: [{ name: file, bytes, address }], table, settings: {} });
      return { name, address, regions };
    },
  });
}

/**
 * Brings all of a backup back, after a yes; what the board holds already is not sent.
 *
 * @throws RefusedError `cli/backup-unfit` for a file that is no backup of such a chip, or is larger than its flash
 */
export async function restore(ctx: Context, visit: ChipVisit, file: string): Promise<Written | null> {
  const bytes = await readLocal(ctx, file);
  const chip = chipOfBackup(file, bytes);
  return replace(
    ctx,
    { ...visit, chip: visit.chip ?? chip },
    {
      question: `everything on the board at ${visit.url} is replaced by ${file}, its files too. Go on?`,
      place: (session) => {
        const flashBytes = session.chip.flash.sizeBytes ?? bytes.length;
        if (bytes.length > flashBytes) {
          const message = `${file} has ${bytes.length} bytes, the flash ${flashBytes}`;
          throw new RefusedError("cli/backup-unfit", message, { hint: "restore it to a board with as much flash" });
        }
        if (bytes.length < flashBytes) {
          const text = `${file} has ${bytes.length} bytes, the flash ${flashBytes}: the rest stays as it is`;
          ctx.out.emit({ kind: "log", data: { level: "warning", text } });
        }
        return Promise.resolve({ name: null, address: 0, regions: [{ name: file, address: 0, bytes }] });
      },
    },
  );
}

/** The chip that a backup is of. */
function chipOfBackup(file: string, bytes: Uint8Array): string {
  const no = (why: string): RefusedError =>
    new RefusedError("cli/backup-unfit", `${file} is no backup of a board's flash: ${why}`, {
      hint: "espx backup makes one; firmware is written with espx flash --image",
    });
  try {
    const { kind, address, images } = readFlashFile(bytes, digests);
    const first = images[0];
    if (kind !== "flash" || first === undefined) throw no("there is no partition table with images around it");
    if (address !== 0) throw no(`it begins at 0x${address?.toString(16)} of flash`);
    return chipOfId(first.image.header.chipId)?.name ?? "";
  } catch (error) {
    throw isEspxError(error, "image/file-unknown") ? no(error.message) : error;
  }
}

interface Replacing {
  readonly question: string;
  readonly place: (session: FlashSession) => Promise<{
    readonly name: string | null;
    readonly address: number;
    readonly regions: readonly FlashRegion[];
  }>;
}

/** Asks before the board is touched. */
async function replace(ctx: Context, visit: ChipVisit, { question, place }: Replacing): Promise<Written | null> {
  if (!ctx.flags.dryRun && !(await confirm(ctx, question)))
    throw new RefusedError("cli/declined", "nothing was written", { hint: "agree with --yes" });
  const startMs = ctx.clock.now();
  return onChip(ctx, visit, async (session) => {
    const { name, address, regions } = await place(session);
    const onProgress = { onProgress: (progress: Parameters<typeof showProgress>[1]) => showProgress(ctx, progress) };
    const plan = await session.plan(regions, onProgress);
    const sizeBytes = regions.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const { unchangedBytes } = plan;
    if (ctx.flags.dryRun) {
      const text = `would change ${sizeBytes - unchangedBytes} of ${sizeBytes} bytes from 0x${address.toString(16)} on`;
      ctx.out.emit({ kind: "log", data: { level: "info", text } });
      return null;
    }
    await session.write(regions, { plan, ...onProgress });
    const durationMs = Math.round(ctx.clock.now() - startMs);
    const data = { port: visit.url, action: "written" as const, name, address, sizeBytes, unchangedBytes, durationMs };
    ctx.out.emit({ kind: "region", data });
    return data;
  });
}
