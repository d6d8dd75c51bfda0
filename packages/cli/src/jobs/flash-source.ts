import { otaAbility, readFlashFile } from "@espx/image";
import { isEspxError } from "@espx/proto";
import type { FlashSession, ImageFile } from "@espx/serial";
import type { Context } from "../context.ts";
import { type FirmwareEntry, loadCatalogue } from "../project/firmware-catalogue.ts";
import { chooseFirmware, type FirmwareWish } from "../project/firmware-choice.ts";
import { loadProfile } from "../project/profile.ts";
import { findDevice, loadProject, type Project } from "../project/project.ts";
import { digests } from "../release/digests.ts";
import { chipFacts } from "./chip-facts.ts";
import { fetchFirmware, type Firmware } from "./firmware.ts";
import { type NamedImage, readImages } from "./flash-files.ts";

/** Where the files come from that a chip gets. */
export interface FileSource {
  /** How a question names them. */
  readonly shown: string;
  filesFor(ctx: Context, session: FlashSession): Promise<readonly ImageFile[]>;
}

/** Files that were named; all are read before a port is opened. @throws NotFoundError `cli/local-file` */
export async function namedFiles(ctx: Context, images: readonly NamedImage[]): Promise<FileSource> {
  const files = await readImages(ctx, images);
  const reason = layoutOf(files);
  if (reason !== null) ctx.out.emit({ kind: "log", data: { level: "info", text: reason } });
  return { shown: images.map(({ file }) => file).join(", "), filesFor: () => Promise.resolve(files) };
}

/** Whether the layout in the files can take firmware over the air; null when they bring none, or are broken, which is told later. */
function layoutOf(files: readonly ImageFile[]): string | null {
  for (const { name, bytes } of files) {
    try {
      const { table } = readFlashFile(bytes, digests);
      if (table !== null) return `the layout in ${name}: ${otaAbility(table.partitions).reason}`;
    } catch (error) {
      if (!isEspxError(error)) throw error;
    }
  }
  return null;
}

/** What of the catalogue was asked for. */
export interface CatalogueWish extends FirmwareWish {
  readonly locked: boolean;
  /** The device that it is for: what its profile's manifest says of firmware counts where nothing else was said. */
  readonly device: string | undefined;
}

/**
 * The firmware of the catalogue that fits the chip, fetched once for all boards.
 *
 * @throws ConfigError of a broken catalogue, before a port is opened
 */
export async function catalogueFiles(ctx: Context, { locked, device, ...named }: CatalogueWish): Promise<FileSource> {
  const project = await loadProject(ctx);
  const catalogue = await loadCatalogue(ctx, project);
  const wish = { ...(await profileWish(ctx, project, device)), ...withoutUndefined(named) };
  const fetched = new Map<FirmwareEntry, Promise<Firmware>>();
  return {
    shown: `${wish.board ?? "the MicroPython"}${wish.variant === undefined ? "" : `-${wish.variant}`} that fits`,
    async filesFor(boardCtx, session) {
      const { entry, reason } = chooseFirmware(catalogue, chipFacts(session), wish);
      const firmware = fetched.get(entry) ?? fetchFirmware(boardCtx, entry, { project, locked, reason });
      fetched.set(entry, firmware);
      const { bytes } = await firmware;
      return [{ name: entry.url.slice(entry.url.lastIndexOf("/") + 1), bytes, address: entry.address }];
    },
  };
}

const nothing: FirmwareWish = { board: undefined, variant: undefined, version: undefined };

/** The firmware that a device's profile asks for in its manifest. */
async function profileWish(ctx: Context, project: Project | null, device: string | undefined): Promise<FirmwareWish> {
  const name = device === undefined ? undefined : findDevice(project, device).profile;
  if (name === undefined) return nothing;
  const { manifest, versions } = await loadProfile(ctx, project, name);
  const { board, variant } = manifest.firmware;
  return { board: board || undefined, variant: variant || undefined, version: undefined, versions };
}

const withoutUndefined = (wish: FirmwareWish): Partial<FirmwareWish> =>
  Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
