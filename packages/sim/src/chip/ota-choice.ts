import {
  activeOtaRecord,
  decodeOtaData,
  encodeOtaData,
  type OtaData,
  type OtaRecord,
  type Partition,
  partitionType,
} from "@espx/image";
import { subtype } from "./flash-layout.ts";
import type { FlashAccess } from "./flash-memory.ts";

/** The slots that an update may be in, `ota_0` first. */
export function otaSlots(partitions: readonly Partition[]): readonly Partition[] {
  return partitions
    .filter(({ type, subtype: code }) => type === partitionType.app && code >= subtype.ota0 && code < subtype.ota0 + 16)
    .toSorted((a, b) => a.subtype - b.subtype);
}

/** The partition with the two records that choose a slot. */
export function otaDataPartition(partitions: readonly Partition[]): Partition | undefined {
  return partitions.find(({ type, subtype: code }) => type === partitionType.data && code === subtype.otaData);
}

/** Reads the records; none when there is no partition for them. */
export function readOtaData(flash: FlashAccess, partitions: readonly Partition[]): OtaData {
  const partition = otaDataPartition(partitions);
  return partition === undefined ? [null, null] : decodeOtaData(flash.read(partition.offset, partition.sizeBytes));
}

/** Writes one record, erasing its sector; the other stays as it is. */
export function writeOtaRecord(
  flash: FlashAccess,
  partitions: readonly Partition[],
  { index, record }: { readonly index: 0 | 1; readonly record: OtaRecord },
): void {
  const partition = otaDataPartition(partitions);
  if (partition === undefined) return;
  const sectorBytes = 0x1000;
  const sectors = encodeOtaData(index === 0 ? [record, null] : [null, record]);
  const offset = partition.offset + index * sectorBytes;
  flash.erase(offset, sectorBytes);
  flash.program(offset, sectors.subarray(index * sectorBytes, index * sectorBytes + 32));
}

/**
 * Chooses what to start, as the boot loader does with roll-back on, and writes down what it found: an update that was
 * started once and never confirmed is aborted; one that is new is started, to be confirmed.
 *
 * @returns applications in the order in which they are tried: the chosen one, those before it, those behind it
 * @source ESP-IDF 5.5, bootloader_support/src/bootloader_utility.c, `bootloader_utility_get_selected_boot_partition`
 */
export function chooseApplications(flash: FlashAccess, partitions: readonly Partition[]): readonly Partition[] {
  const slots = otaSlots(partitions);
  const factory = partitions.find(({ type, subtype: code }) => type === partitionType.app && code === subtype.factory);
  abortUnconfirmed(flash, partitions);
  const records = readOtaData(flash, partitions);
  const active = activeOtaRecord(records);
  const record = records[active];
  let chosen = factory === undefined ? 0 : -1;
  if (record !== undefined && record !== null && slots.length > 0) {
    chosen = (record.sequence - 1) % slots.length;
    if (record.state === "new") {
      writeOtaRecord(flash, partitions, {
        index: active as 0 | 1,
        record: { ...record, state: "pending-verify" },
      });
    }
  }
  const candidates = [factory, ...slots];
  const order = [...range(chosen, -1, -1), ...range(chosen + 1, slots.length - 1, 1)];
  return order.flatMap((index) => candidates[index + 1] ?? []);
}

function abortUnconfirmed(flash: FlashAccess, partitions: readonly Partition[]): void {
  for (const [index, record] of readOtaData(flash, partitions).entries()) {
    if (record?.state !== "pending-verify") continue;
    writeOtaRecord(flash, partitions, { index: index as 0 | 1, record: { ...record, state: "aborted" } });
  }
}

function range(from: number, to: number, step: 1 | -1): number[] {
  const numbers: number[] = [];
  for (let number = from; step === 1 ? number <= to : number >= to; number += step) numbers.push(number);
  return numbers;
}
