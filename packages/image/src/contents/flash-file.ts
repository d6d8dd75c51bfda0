import { type EspxError, isEspxError, type ProtocolError } from "@espx/proto";
import { chipImageTraits, chipOfId } from "../app/chips.ts";
import { type AppDescription, appDescriptionOf } from "../app/description.ts";
import { decodeImageHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC } from "../app/header.ts";
import { type Digest, decodeEspImage, type EspImage } from "../app/image.ts";
import { type Partition, partitionType } from "../partition/partition.ts";
import { decodePartitionTable, PARTITION_TABLE_OFFSET, type PartitionTable } from "../partition/table.ts";
import { unknownFile } from "./unknown-file.ts";

/** An image in a file. */
export interface FoundImage {
  /** `boot loader`, the name of its partition, or null for an image alone in its file. */
  readonly name: string | null;
  /** Where in flash it goes, null when the file does not say. */
  readonly address: number | null;
  readonly image: EspImage;
  /** What the application says of itself, null for a boot loader. */
  readonly description: AppDescription | null;
  /** A checksum or hash that does not fit. */
  readonly faults: readonly ProtocolError[];
}

/** What a file that goes into flash holds. */
export interface FlashFile {
  /** One image; a partition table; or flash contents, with a table and the images around it. */
  readonly kind: "image" | "table" | "flash";
  /** Flash address of the first byte, null when the file does not say. */
  readonly address: number | null;
  readonly sizeBytes: number;
  readonly table: PartitionTable | null;
  readonly images: readonly FoundImage[];
  /** Images of flash contents that cannot be read, such as one whose update was cut short. */
  readonly broken: readonly BrokenImage[];
}

/** A place where an image begins and does not end. */
export interface BrokenImage {
  readonly name: string;
  readonly address: number;
  readonly error: EspxError;
}

type Found = Pick<FlashFile, "images" | "broken">;

/** The hash functions that images and tables need. */
export interface FlashFileDigests {
  readonly sha256: Digest;
  readonly md5: Digest;
}

/**
 * Find out what a file is: an image, a partition table, or flash contents such as a merged firmware or a backup.
 *
 * A merged firmware begins where its chip's ROM looks for a boot loader (MicroPython's are such); it is told by the
 * partition table at 0x8000 of flash. Checksums and hashes that do not fit are noted, all else that is broken throws.
 * @throws ProtocolError `image/file-unknown`, and those of `decodeEspImage` and `decodePartitionTable`
 */
export function readFlashFile(bytes: Uint8Array, digests: FlashFileDigests): FlashFile {
  const start = placeOfTable(bytes, digests);
  if (start !== undefined)
    return { kind: "flash", ...start, sizeBytes: bytes.length, ...imagesIn(bytes, start, digests) };
  const whole = { address: null, sizeBytes: bytes.length, broken: [] };
  if (bytes[0] === 0xaa && bytes[1] === 0x50)
    return { kind: "table", ...whole, table: decodePartitionTable(bytes, digests.md5), images: [] };
  if (bytes[0] !== IMAGE_MAGIC) throw unknownFile(bytes);
  const place = { name: null, address: null };
  return { kind: "image", ...whole, table: null, images: [readImage(bytes, place, digests)] };
}

interface Start {
  readonly address: number;
  readonly table: PartitionTable;
}

/** Tries the places at which a file can begin in flash. */
function placeOfTable(bytes: Uint8Array, { md5 }: FlashFileDigests): Start | undefined {
  const starts = bytes[0] === IMAGE_MAGIC ? bootLoaderPlaces(bytes) : [0];
  for (const address of starts) {
    const table = tableAt(bytes, PARTITION_TABLE_OFFSET - address, md5);
    if (table !== undefined) return { address, table };
  }
  return undefined;
}

function bootLoaderPlaces(bytes: Uint8Array): readonly number[] {
  if (bytes.length < PARTITION_TABLE_OFFSET - Math.max(...everyPlace)) return [];
  const own = chipOfId(decodeImageHeader(bytes).header.chipId)?.bootloaderOffset;
  return own === undefined ? everyPlace : [own];
}

const everyPlace = [...new Set(chipImageTraits.map(({ bootloaderOffset }) => bootloaderOffset))].toSorted(
  (a, b) => a - b,
);

function tableAt(bytes: Uint8Array, offset: number, md5: Digest): PartitionTable | undefined {
  if (bytes[offset] !== 0xaa || bytes[offset + 1] !== 0x50) return undefined;
  try {
    return decodePartitionTable(bytes.subarray(offset), md5);
  } catch (error) {
    if (isEspxError(error)) return undefined;
    throw error;
  }
}

function imagesIn(bytes: Uint8Array, { address, table }: Start, digests: FlashFileDigests): Found {
  const images: FoundImage[] = [];
  const broken: BrokenImage[] = [];
  for (const { name, offset, sizeBytes } of [...bootLoaderIn(bytes, address), ...applicationsOf(table)]) {
    const begin = offset - address;
    const content = bytes.subarray(Math.max(0, begin), Math.max(0, begin + sizeBytes));
    if (content[0] !== IMAGE_MAGIC) continue;
    try {
      images.push(readImage(content, { name, address: offset }, digests));
    } catch (error) {
      if (!isEspxError(error)) throw error;
      broken.push({ name, address: offset, error });
    }
  }
  return { images, broken };
}

type Place = Pick<Partition, "name" | "offset" | "sizeBytes">;

/** Where the first image stands that says of itself that its chip's boot loader belongs there. */
function bootLoaderIn(bytes: Uint8Array, address: number): readonly Place[] {
  const offset = everyPlace.find((place) => place >= address && chipAt(bytes, place - address) === place);
  return offset === undefined ? [] : [{ name: "boot loader", offset, sizeBytes: PARTITION_TABLE_OFFSET - offset }];
}

/** Where the ROM of the chip that an image is for looks for its boot loader. */
function chipAt(bytes: Uint8Array, begin: number): number | undefined {
  if (bytes[begin] !== IMAGE_MAGIC || bytes.length < begin + IMAGE_HEADER_SIZE) return undefined;
  return chipOfId(decodeImageHeader(bytes.subarray(begin)).header.chipId)?.bootloaderOffset;
}

function applicationsOf({ partitions }: PartitionTable): readonly Place[] {
  return partitions.filter(({ type }) => type === partitionType.app);
}

function readImage(
  bytes: Uint8Array,
  place: Pick<FoundImage, "name" | "address">,
  { sha256 }: FlashFileDigests,
): FoundImage {
  const faults: ProtocolError[] = [];
  const image = decodeEspImage(bytes, { sha256, onMismatch: (error) => void faults.push(error) });
  return { ...place, image, description: descriptionIn(image), faults };
}

function descriptionIn(image: EspImage): AppDescription | null {
  try {
    return appDescriptionOf(image);
  } catch (error) {
    if (isEspxError(error, "image/app-no-description")) return null;
    throw error;
  }
}
