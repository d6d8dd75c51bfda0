import { ProtocolError } from "@espx/proto";
import { type Partition, partitionType } from "./partition.ts";
import { PARTITION_TABLE_OFFSET, PARTITION_TABLE_SECTOR_SIZE } from "./table.ts";

/** What does not fit about one partition. */
export interface PartitionFault {
  /** Index in the table. */
  readonly index: number;
  /** The field to change. */
  readonly field: "name" | "offset" | "sizeBytes";
  readonly message: string;
}

/** What a table is checked against. */
export interface PartitionLimits {
  /** Size of the flash chip; not checked when missing. */
  readonly flashSizeBytes?: number;
}

const APP_ALIGNMENT = 0x10000;
const SECTOR_SIZE = 0x1000;
const OTA_DATA_SIZE = 0x2000;

/**
 * Everything that a boot loader would stumble over: overlaps, boundaries (an app on 64 KiB, all else on 4 KiB, sizes
 * of apps in 4 KiB), names used twice, OTA data not two sectors, and what lies outside of flash.
 *
 * @returns faults in the order of the table, none when all is well
 * @source ESP-IDF docs, "Partition Tables", "Offset & Size"
 */
export function partitionFaults(
  partitions: readonly Partition[],
  limits: PartitionLimits = {},
): readonly PartitionFault[] {
  return partitions.flatMap((partition, index) => [
    ...nameFaults(partitions, index),
    ...placeFaults(partition, index),
    ...sizeFaults(partition, index, limits),
    ...overlapFaults(partitions, index),
  ]);
}

/** @throws ProtocolError `image/partition-misfit` with the first of {@link partitionFaults}, the others in `details` */
export function checkPartitions(partitions: readonly Partition[], limits: PartitionLimits = {}): void {
  const faults = partitionFaults(partitions, limits);
  const [first] = faults;
  if (first === undefined) return;
  throw new ProtocolError("image/partition-misfit", first.message, {
    details: { faults: faults.map(({ message }) => message) },
  });
}

function nameFaults(partitions: readonly Partition[], index: number): readonly PartitionFault[] {
  const name = (partitions[index] as Partition).name;
  if (partitions.findIndex((other) => other.name === name) === index) return [];
  return [{ index, field: "name", message: `partition name ${name} is used twice` }];
}

function placeFaults({ name, type, offset }: Partition, index: number): readonly PartitionFault[] {
  const unit = alignmentOf(type);
  if (offset % unit !== 0) {
    const message = `partition ${name} starts at ${hex(offset)}, expected a multiple of ${hex(unit)}`;
    return [{ index, field: "offset", message }];
  }
  if (type <= partitionType.data && offset < PARTITION_TABLE_OFFSET + PARTITION_TABLE_SECTOR_SIZE) {
    const first = hex(PARTITION_TABLE_OFFSET + PARTITION_TABLE_SECTOR_SIZE);
    const message = `partition ${name} starts at ${hex(offset)}, expected ${first} or above, behind the partition table`;
    return [{ index, field: "offset", message }];
  }
  return [];
}

function sizeFaults(
  partition: Partition,
  index: number,
  { flashSizeBytes }: PartitionLimits,
): readonly PartitionFault[] {
  const { name, type, subtype, offset, sizeBytes } = partition;
  const fault = (message: string): PartitionFault[] => [{ index, field: "sizeBytes", message }];
  if (sizeBytes === 0) return fault(`partition ${name} has no size`);
  if (type === partitionType.app && sizeBytes % SECTOR_SIZE !== 0)
    return fault(`partition ${name} has ${hex(sizeBytes)} bytes, expected a multiple of ${hex(SECTOR_SIZE)}`);
  if (type === partitionType.data && subtype === 0 && sizeBytes !== OTA_DATA_SIZE)
    return fault(`partition ${name} has ${hex(sizeBytes)} bytes, OTA data has ${hex(OTA_DATA_SIZE)}`);
  if (flashSizeBytes !== undefined && offset + sizeBytes > flashSizeBytes)
    return fault(`partition ${name} ends at ${hex(offset + sizeBytes)}, the flash at ${hex(flashSizeBytes)}`);
  return [];
}

function overlapFaults(partitions: readonly Partition[], index: number): readonly PartitionFault[] {
  const partition = partitions[index] as Partition;
  const other = partitions.slice(0, index).find((earlier) => overlaps(earlier, partition));
  if (other === undefined) return [];
  const message = `partition ${partition.name} (${range(partition)}) overlaps ${other.name} (${range(other)})`;
  return [{ index, field: "offset", message }];
}

/** Bytes on whose multiples a partition of this type starts. */
export function alignmentOf(type: number): number {
  return type === partitionType.app ? APP_ALIGNMENT : SECTOR_SIZE;
}

function overlaps(a: Partition, b: Partition): boolean {
  return a.offset < b.offset + b.sizeBytes && b.offset < a.offset + a.sizeBytes;
}

function range({ offset, sizeBytes }: Partition): string {
  return `${hex(offset)}..${hex(offset + sizeBytes)}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
