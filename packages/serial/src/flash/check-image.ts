import { chipOfId, type FoundImage, type ImageHeader, type Partition } from "@espx/image";
import { RefusedError } from "@espx/proto";
import { applicationsIn, type ImagePlace } from "./image-place.ts";

const anyRevision = 0xffff;

/**
 * Holds one image against the chip, and an application against its partition.
 *
 * @throws RefusedError `flash/image-chip`, `flash/image-revision`, `flash/no-partition`, `flash/too-large-for-partition`
 */
export function checkImage(
  file: string,
  { image: found, address: fileAddress }: { readonly image: FoundImage; readonly address: number },
  place: ImagePlace,
): void {
  const { header, sizeBytes } = found.image;
  checkChip(file, header, place);
  checkRevision(file, header, place);
  const address = found.address ?? fileAddress;
  if (found.description !== null) checkPartition(file, { address, sizeBytes }, place);
}

function checkChip(file: string, { chipId }: ImageHeader, { target }: ImagePlace): void {
  if (chipId === target.imageChipId) return;
  const wanted = chipOfId(chipId)?.name ?? `a chip with id ${chipId}`;
  throw new RefusedError("flash/image-chip", `${file} is made for ${wanted}, the chip is an ${target.name}`, {
    hint: `take the file for ${target.key}, or another board`,
    details: { file, chipId, chip: target.key },
  });
}

function checkRevision(file: string, header: ImageHeader, { revision, target }: ImagePlace): void {
  if (revision === undefined) return;
  const lowest = Math.max(header.minChipRevision, header.minChipRevisionMajor * 100);
  // Images from before ESP-IDF 4.4 have 0 there.
  const highest = header.maxChipRevision === 0 ? anyRevision : header.maxChipRevision;
  if (lowest <= revision && revision <= highest) return;
  const range = highest === anyRevision ? `${text(lowest)} and above` : `${text(lowest)} to ${text(highest)}`;
  const message = `${file} is made for revisions ${range}, this ${target.name} has ${text(revision)}`;
  throw new RefusedError("flash/image-revision", message, {
    hint: "take a build for this revision, or a board with another chip",
    details: { file, revision, lowest, highest },
  });
}

function checkPartition(
  file: string,
  { address, sizeBytes }: { readonly address: number; readonly sizeBytes: number },
  { table }: ImagePlace,
): void {
  if (table === undefined) return;
  const applications = applicationsIn(table);
  const partition = applications.find(({ offset }) => offset === address);
  if (partition === undefined) throw noPartition(file, address, applications);
  if (sizeBytes <= partition.sizeBytes) return;
  throw tooLargeFor(partition, { name: file, sizeBytes });
}

/** What is said of an application that does not fit. */
export function tooLargeFor(
  partition: Partition,
  { name, sizeBytes }: { readonly name: string; readonly sizeBytes: number },
): RefusedError {
  const message = `${name} has ${sizeBytes} bytes, the partition ${partition.name} has ${partition.sizeBytes}`;
  return new RefusedError("flash/too-large-for-partition", message, {
    hint: "take a smaller build, or bring a layout with a larger partition in the same run",
    details: { file: name, partition: partition.name, sizeBytes, roomBytes: partition.sizeBytes },
  });
}

function noPartition(file: string, address: number, applications: readonly Partition[]): RefusedError {
  const there = applications.map(({ name, offset }) => `0x${offset.toString(16)} (${name})`).join(", ") || "none";
  const message = `no application partition begins at 0x${address.toString(16)}, where ${file} would go`;
  return new RefusedError("flash/no-partition", message, {
    hint: `it would never be started; the partitions for applications are: ${there}`,
    details: { file, address },
  });
}

/** 301 as `3.1`. */
function text(revision: number): string {
  return `${Math.floor(revision / 100)}.${revision % 100}`;
}
