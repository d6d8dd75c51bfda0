import { NotFoundError } from "@espx/proto";
import type { Context } from "../context.ts";
import { type FirmwareEntry, loadCatalogue } from "../project/firmware-catalogue.ts";
import { didYouMean } from "../project/nearest.ts";
import { loadProject } from "../project/project.ts";
import { describeEntry, fetchFirmware } from "./firmware.ts";

/** Which firmware of the catalogue. */
export interface FirmwareName {
  readonly board: string;
  readonly variant: string | undefined;
  readonly version: string | undefined;
  readonly locked: boolean;
}

/** Fetches a firmware into the cache, so that it can be flashed without a network. */
export async function fetchNamed(ctx: Context, name: FirmwareName): Promise<Readonly<Record<string, unknown>>> {
  const project = await loadProject(ctx);
  const entry = findEntry(await loadCatalogue(ctx, project), name);
  const { bytes } = await fetchFirmware(ctx, entry, { project, locked: name.locked, reason: "it was named" });
  return { ...describeEntry(entry), sizeBytes: bytes.length };
}

/** The newest entry of that name, when no version is given. */
function findEntry(entries: readonly FirmwareEntry[], { board, variant = "", version }: FirmwareName): FirmwareEntry {
  const found = entries
    .filter((entry) => entry.board === board && entry.variant === variant)
    .filter((entry) => version === undefined || entry.version === version)
    .toSorted((a, b) => b.version.localeCompare(a.version, "en", { numeric: true }))[0];
  if (found !== undefined) return found;
  const boards = [...new Set(entries.map((entry) => entry.board))];
  const words = `${board}${variant === "" ? "" : `-${variant}`}${version === undefined ? "" : ` ${version}`}`;
  throw new NotFoundError(
    "cli/firmware-unknown",
    `there is no ${words} in the catalogue${boards.includes(board) ? "" : didYouMean(board, boards)}`,
    { hint: "espx firmware lists what there is" },
  );
}
