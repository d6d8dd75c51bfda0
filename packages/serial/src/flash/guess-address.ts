import { PARTITION_TABLE_OFFSET, type Partition } from "@espx/image";
import { UsageError } from "@espx/proto";
import { applicationsIn, type ImagePlace, type ReadImageFile } from "./image-place.ts";

/**
 * Where a file goes: where it was said, where it says itself, or at the only place where it can.
 *
 * @throws UsageError `flash/address-needed`, with the places in question
 */
export function addressOf(file: ReadImageFile, place: ImagePlace): number {
  const { address, found, name } = file;
  if (address !== undefined) return address;
  if (found === null) throw addressNeeded(name, []);
  if (found.address !== null) return found.address;
  if (found.kind === "table") return PARTITION_TABLE_OFFSET;
  const isApplication = found.images.some(({ description }) => description !== null);
  if (!isApplication) return place.target.bootloaderOffset;
  const applications = applicationsIn(place.table);
  const [only] = applications;
  if (only !== undefined && applications.length === 1) return only.offset;
  throw addressNeeded(name, applications);
}

function addressNeeded(name: string, partitions: readonly Partition[]): UsageError {
  const places = partitions.map((partition) => `0x${partition.offset.toString(16)} (${partition.name})`);
  const why =
    places.length === 0
      ? "it does not say where in flash it goes"
      : `it may go to any of ${places.length} partitions: ${places.join(", ")}`;
  const example = `0x${(partitions[0]?.offset ?? 0x10000).toString(16)}`;
  return new UsageError("flash/address-needed", `${name} has no address, and ${why}`, {
    hint: `write the address before it: --image ${example}:${name}`,
    details: { file: name, addresses: partitions.map(({ offset }) => offset) },
  });
}
