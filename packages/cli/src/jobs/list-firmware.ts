import { NotFoundError } from "@espx/proto";
import type { Context } from "../context.ts";
import { type FirmwareEntry, loadCatalogue } from "../project/firmware-catalogue.ts";
import { loadLock } from "../project/lock.ts";
import { didYouMean } from "../project/nearest.ts";
import { loadProject } from "../project/project.ts";
import { firmwareCachePath, readFirmwareCache } from "../release/firmware-cache.ts";
import { describeEntry } from "./firmware.ts";

/** Lists the firmware that can be fetched, of one board or of all: whether its hash is known, and whether it is here. */
export async function listFirmware(ctx: Context, board: string | undefined): Promise<{ readonly entries: number }> {
  const project = await loadProject(ctx);
  const catalogue = await loadCatalogue(ctx, project);
  const entries = catalogue.filter((entry) => board === undefined || entry.board === board);
  if (board !== undefined && entries.length === 0) throw unknownBoard(board, catalogue);
  const lock = await loadLock(ctx, project);
  for (const entry of entries) {
    const pinned = entry.sha256 !== undefined ? "catalogue" : lock.of(entry.url) !== undefined ? "lock" : null;
    const cached = (await readFirmwareCache(firmwareCachePath(ctx.env, entry.url))) !== null;
    const { description, flash } = entry;
    ctx.out.emit({
      kind: "offer",
      data: { ...describeEntry(entry), description, flashBytes: flash, pinned, cached },
    });
  }
  return { entries: entries.length };
}

function unknownBoard(board: string, catalogue: readonly FirmwareEntry[]): NotFoundError {
  const boards = [...new Set(catalogue.map((entry) => entry.board))];
  return new NotFoundError(
    "cli/firmware-unknown",
    `no firmware of the board ${board} is known${didYouMean(board, boards)}`,
    { hint: `the boards are ${boards.join(", ")}` },
  );
}
