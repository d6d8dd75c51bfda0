import { formatVersionRange, isInRange, type Version, type VersionRange } from "@espx/ota";
import { NotFoundError, RefusedError } from "@espx/proto";
import { type FirmwareEntry, firmwareName } from "./firmware-catalogue.ts";

/** What is known of a chip when a firmware is chosen for it. */
export interface ChipFacts {
  /** As esptool names it, for example `esp32s3`. */
  readonly chip: string;
  /** Null when the flash does not say. */
  readonly flashSizeBytes: number | null;
  /** PSRAM in the chip's package; null when it has none. Memory beside the chip cannot be seen. */
  readonly psram: { readonly sizeBytes: number; readonly kind: "quad" | "octal" } | null;
}

/** What a person asked for; whatever is missing is chosen. */
export interface FirmwareWish {
  readonly board: string | undefined;
  readonly variant: string | undefined;
  readonly version: string | undefined;
  /** Versions that a profile takes, when none was named. */
  readonly versions?: VersionRange | undefined;
}

/** A firmware and why it was taken. */
export interface ChosenFirmware {
  readonly entry: FirmwareEntry;
  /** One or two sentences without the last full stop. */
  readonly reason: string;
}

/**
 * The firmware for a chip: of the board that was named, else of the catalogue's first board for that chip; the newest
 * version unless one is named; the variant that fits flash and PSRAM unless one is named.
 *
 * @throws NotFoundError `cli/firmware-unknown`; RefusedError `cli/firmware-unfit`
 */
export function chooseFirmware(
  entries: readonly FirmwareEntry[],
  facts: ChipFacts,
  wish: FirmwareWish,
): ChosenFirmware {
  const forChip = entries.filter(({ chip }) => chip === facts.chip);
  const board = wish.board ?? forChip[0]?.board;
  checkBoard(entries, facts, { ...wish, board });
  const ofBoard = inRange(
    forChip.filter((entry) => entry.board === board),
    wish,
  );
  const { variant } = wish;
  const ofVariant =
    variant === undefined
      ? ofBoard
      : only(ofBoard, { what: `variant ${variant} of ${board}`, of: "variant", value: variant });
  const version = wish.version ?? newest(ofVariant.map((entry) => entry.version));
  const ofVersion = only(ofVariant, { what: `${board} in version ${version}`, of: "version", value: version });
  return variant === undefined ? fitting(ofVersion, facts) : named(ofVersion, facts);
}

function checkBoard(entries: readonly FirmwareEntry[], { chip }: ChipFacts, { board }: FirmwareWish): void {
  if (entries.some((entry) => entry.chip === chip && entry.board === board)) return;
  const other = entries.find((entry) => entry.board === board);
  if (other !== undefined) {
    throw new RefusedError("cli/firmware-unfit", `${board} is for the ${other.chip}, the chip is an ${chip}`, {
      hint: "leave --board off, or name the right port",
    });
  }
  const boards = [...new Set(entries.map((entry) => entry.board))].join(", ");
  throw new NotFoundError(
    "cli/firmware-unknown",
    board === undefined ? `no firmware for the ${chip} is known` : `no firmware of the board ${board} is known`,
    { hint: `the boards are ${boards}; give a file with --image, or add it to manifests/firmware.yaml` },
  );
}

/** Those that the profile takes; all when a version was named. @throws NotFoundError `cli/firmware-unknown` */
function inRange(entries: readonly FirmwareEntry[], { version, versions }: FirmwareWish): readonly FirmwareEntry[] {
  if (versions === undefined || version !== undefined) return entries;
  const found = entries.filter((entry) => isInRange(versionOf(entry), versions));
  if (found.length > 0) return found;
  const known = [...new Set(entries.map((entry) => entry.version))].join(", ");
  throw new NotFoundError(
    "cli/firmware-unknown",
    `the profile takes ${entries[0]?.board} ${formatVersionRange(versions)}, the catalogue has ${known}`,
    { hint: "give a file with --image, or add one to manifests/firmware.yaml" },
  );
}

function versionOf({ version }: FirmwareEntry): Version {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return [major, minor, patch];
}

interface Only {
  readonly what: string;
  readonly of: "version" | "variant";
  readonly value: string | undefined;
}

function only(entries: readonly FirmwareEntry[], { what, of, value }: Only): readonly FirmwareEntry[] {
  const found = entries.filter((entry) => entry[of] === value);
  if (found.length > 0) return found;
  const known = [...new Set(entries.map((entry) => entry[of] || "none"))].join(", ");
  throw new NotFoundError("cli/firmware-unknown", `there is no ${what} in the catalogue`, {
    hint: `the ${of}s are ${known}`,
  });
}

function named([entry]: readonly FirmwareEntry[], facts: ChipFacts): ChosenFirmware {
  if (entry === undefined || !fits(entry, facts)) throw tooLarge(entry, facts);
  return { entry, reason: "the variant was named" };
}

function fitting(entries: readonly FirmwareEntry[], facts: ChipFacts): ChosenFirmware {
  const offered = entries.filter((entry) => !entry.on_request);
  const fit = offered
    .filter((entry) => fits(entry, facts) && (entry.psram === undefined || entry.psram === facts.psram?.kind))
    .toSorted((a, b) => Number(b.psram !== undefined) - Number(a.psram !== undefined) || b.flash - a.flash);
  const entry = fit[0];
  if (entry === undefined) throw tooLarge(offered[0], facts);
  return { entry, reason: reasonFor(facts, offered) };
}

const fits = ({ flash }: FirmwareEntry, { flashSizeBytes }: ChipFacts): boolean =>
  flashSizeBytes === null || flash <= flashSizeBytes;

function reasonFor({ flashSizeBytes, psram }: ChipFacts, offered: readonly FirmwareEntry[]): string {
  const flash = flashSizeBytes === null ? "flash of unknown size" : `${megabytes(flashSizeBytes)} of flash`;
  if (psram !== null) return `the chip has ${flash} and ${megabytes(psram.sizeBytes)} of ${psram.kind} PSRAM`;
  const withPsram = offered.find((entry) => entry.psram !== undefined);
  const unseen =
    withPsram === undefined ? "" : `; a module with PSRAM beside the chip takes --variant ${withPsram.variant}`;
  return `the chip has ${flash} and no PSRAM of its own${unseen}`;
}

function tooLarge(entry: FirmwareEntry | undefined, { flashSizeBytes }: ChipFacts): RefusedError {
  const what = entry === undefined ? "every variant" : firmwareName(entry);
  const needs = entry === undefined ? "more" : megabytes(entry.flash);
  return new RefusedError(
    "cli/firmware-unfit",
    `${what} needs ${needs} of flash, the chip has ${megabytes(flashSizeBytes ?? 0)}`,
    {
      hint: "give a firmware that fits with --image",
    },
  );
}

const megabytes = (bytes: number): string => `${bytes / 1024 / 1024} MB`;

function newest(versions: readonly string[]): string | undefined {
  return versions.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }))[0];
}
