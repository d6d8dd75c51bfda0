import {
  type BrokenImage,
  decodeEspImage,
  type FlashFile,
  type FlashSettings,
  type FoundImage,
  type Partition,
  readFlashFile,
  withFlashSettings,
  flashSettingsOf,
} from "@espx/image";
import { type EspxError, isEspxError, ProtocolError, RefusedError, UsageError } from "@espx/proto";
import type { FlashTools } from "./chip-catalogue.ts";
import { checkImage, tooLargeFor } from "./check-image.ts";
import type { FlashRegion } from "./flash-plan.ts";
import { addressOf } from "./guess-address.ts";
import type { ImageFile, ImagePlace, ReadImageFile } from "./image-place.ts";

/**
 * Turns files into regions of flash, each checked: image against chip, revision and partition, nothing past the end of flash.
 *
 * The boot loader's header is changed where `settings` say so, and where it promises more flash than there is; its SHA-256 is
 * computed anew.
 *
 * @throws UsageError `flash/address-needed`, `flash/bad-setting`; RefusedError `flash/image-chip`, `flash/image-revision`, `flash/no-partition`,
 *   `flash/too-large-for-partition`, `flash/layout-too-large`; ProtocolError `image/…` naming the file
 */
export function placeImages(
  files: readonly ImageFile[],
  place: ImagePlace,
  options: { readonly tools: FlashTools; readonly settings?: Partial<FlashSettings> | undefined },
): readonly FlashRegion[] {
  const { tools, settings = {} } = options;
  const read = files.map((file) => ({ ...file, found: whatIsIn(file, tools) }));
  const table = read.find(({ found }) => found?.table)?.found?.table?.partitions ?? place.table;
  if (table !== undefined) checkTable(table, place.flashBytes);
  const known = { ...place, table };
  return read.map((file) => {
    const address = addressOf(file, known);
    for (const image of file.found?.images ?? []) checkImage(file.name, { image, address }, known);
    if (file.found === null) checkData(file, address, table);
    return { name: file.name, address, bytes: withSettings(file, address, { place, settings, tools }) };
  });
}

/** @throws ProtocolError `image/…` for an image that is broken; `image/file-unknown` for plain data without an address */
function whatIsIn({ name, bytes, address }: ImageFile, tools: FlashTools): FlashFile | null {
  try {
    const found = readFlashFile(bytes, tools);
    for (const broken of found.broken) refuseCutByPartition(name, bytes, { found, broken });
    const fault = found.images.flatMap(({ faults }) => faults)[0] ?? found.broken[0]?.error;
    if (fault !== undefined) throw fault;
    return found;
  } catch (error) {
    if (isEspxError(error, "image/file-unknown") && address !== undefined && bytes.length > 0) return null;
    throw isEspxError(error) ? inFile(name, error) : error;
  }
}

/** An image that is whole in its file, but not within its partition, is too large for that. */
function refuseCutByPartition(
  name: string,
  bytes: Uint8Array,
  { found, broken }: { readonly found: FlashFile; readonly broken: BrokenImage },
): void {
  const partition = found.table?.partitions.find(({ offset }) => offset === broken.address);
  if (partition === undefined) return;
  let sizeBytes: number;
  try {
    ({ sizeBytes } = decodeEspImage(bytes.subarray(broken.address - (found.address ?? 0))));
  } catch (error) {
    if (isEspxError(error)) return;
    throw error;
  }
  if (sizeBytes > partition.sizeBytes) throw tooLargeFor(partition, { name, sizeBytes });
}

function inFile(name: string, error: EspxError): ProtocolError {
  return new ProtocolError(error.code, `${name}: ${error.message}`, {
    hint: error.hint ?? "the file was cut short or damaged; fetch or build it again",
    cause: error,
    details: { file: name },
  });
}

function checkTable(table: readonly Partition[], flashBytes: number | undefined): void {
  const beyond = table.find(({ offset, sizeBytes }) => flashBytes !== undefined && offset + sizeBytes > flashBytes);
  if (beyond === undefined || flashBytes === undefined) return;
  const end = `0x${(beyond.offset + beyond.sizeBytes).toString(16)}`;
  const message = `the partition ${beyond.name} ends at ${end}, the flash has ${flashBytes / 1024 / 1024} MiB`;
  throw new RefusedError("flash/layout-too-large", message, {
    hint: "take the firmware that was made for a board with this flash",
    details: { partition: beyond.name, flashBytes },
  });
}

/** Plain data stays inside the partition in which it begins. */
function checkData({ name, bytes }: ImageFile, address: number, table: readonly Partition[] | undefined): void {
  const within = table?.find(({ offset, sizeBytes }) => offset <= address && address < offset + sizeBytes);
  if (within === undefined || address + bytes.length <= within.offset + within.sizeBytes) return;
  const roomBytes = within.offset + within.sizeBytes - address;
  const message = `${name} has ${bytes.length} bytes, the partition ${within.name} has room for ${roomBytes}`;
  throw new RefusedError("flash/too-large-for-partition", message, {
    hint: "make it smaller, or bring a partition table with a larger one: espx partitions",
    details: { partition: within.name, sizeBytes: bytes.length, roomBytes },
  });
}

function withSettings(
  { bytes, found }: ReadImageFile,
  address: number,
  change: { readonly place: ImagePlace; readonly settings: Partial<FlashSettings>; readonly tools: FlashTools },
): Uint8Array {
  const { place, settings, tools } = change;
  const start = place.target.bootloaderOffset;
  const bootLoader = found?.images.find((image) => (image.address ?? address) === start && image.description === null);
  if (bootLoader === undefined) return bytes;
  const wanted = { ...fittingSize(bootLoader, place.flashBytes), ...settings };
  if (Object.keys(wanted).length === 0) return bytes;
  const changed = bytes.slice();
  changed.set(changedHeader(bytes.subarray(start - address), wanted, tools), start - address);
  return changed;
}

/** @throws UsageError `flash/bad-setting` */
function changedHeader(bytes: Uint8Array, wanted: Partial<FlashSettings>, { sha256 }: FlashTools): Uint8Array {
  try {
    return withFlashSettings(bytes, wanted, sha256);
  } catch (error) {
    if (!isEspxError(error, "image/app-bad-value")) throw error;
    const hint = "leave the flag off to keep what the image says";
    throw new UsageError("flash/bad-setting", error.message, { hint, cause: error });
  }
}

/** A boot loader that counts on more flash than there is does not start. */
function fittingSize({ image }: FoundImage, flashBytes: number | undefined): Partial<FlashSettings> {
  const promised = /^(\d+)MB$/.exec(flashSettingsOf(image.header).size)?.[1];
  const actual = (flashBytes ?? Infinity) / 1024 / 1024;
  return promised !== undefined && Number(promised) > actual ? { size: `${actual}MB` } : {};
}
