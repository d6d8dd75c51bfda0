import type { Context } from "../context.ts";
import { loadCatalogue } from "../project/firmware-catalogue.ts";
import { loadLock } from "../project/lock.ts";
import { loadProject } from "../project/project.ts";
import { firmwareCachePath, readFirmwareCache } from "../release/firmware-cache.ts";
import { describeEntry } from "./firmware.ts";

/** Lists the firmware that can be fetched, of one board or of all: whether its hash is known, and whether it is here. */
export async function listFirmware(ctx: Context, board: string | undefined): Promise<{ readonly entries: number }> {
  const project = await loadProject(ctx);
  const entries = (await loadCatalogue(ctx, project)).filter((entry) => board === undefined || entry.board === board);
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
