import { activeOtaRecord, decodeEspImage, type OtaRecord, type Partition, partitionType } from "@espx/image";
import type { HostCalls, WorkerContext } from "../worker/context.ts";
import type { ChipSetup } from "./chip-messages.ts";
import { subtype } from "./flash-layout.ts";
import { type FlashAccess, sectorBytes } from "./flash-memory.ts";
import { otaDataPartition, otaSlots, readOtaData, writeOtaRecord } from "./ota-choice.ts";
import { sha256 } from "./virtual-firmware.ts";

/** Errors as ESP-IDF numbers them, below zero. @source ESP-IDF 5.5, esp_err.h, esp_ota_ops.h */
const espError = {
  fail: -1,
  invalidArgument: -0x102,
  invalidSize: -0x104,
  notFound: -0x105,
  validationFailed: -0x1503,
} as const;

/**
 * What `esp32.Partition` stands on; partitions go by their place in the table.
 *
 * @param isFailing - whether the chip fails to change anything
 */
export function partitionCalls(
  context: WorkerContext,
  setup: ChipSetup,
  flash: FlashAccess,
  isFailing: () => boolean,
): HostCalls {
  const { partitions } = setup;
  const at = (index: number): Partition | undefined => partitions[index];
  const indexOf = (partition: Partition | undefined): number =>
    partition === undefined ? -1 : partitions.indexOf(partition);
  const running = partitions.find(({ name }) => name === setup.running);
  const within = (index: number, offset: number, length: number, use: (start: number) => number): number => {
    const partition = at(index);
    const isPlace = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
    context.spend();
    if (partition === undefined || !isPlace || offset > partition.sizeBytes) return espError.invalidArgument;
    return offset + length > partition.sizeBytes ? espError.invalidSize : use(partition.offset + offset);
  };
  return {
    partition_count: () => partitions.length,
    partition_info: (index: number) => {
      const partition = at(index);
      if (partition === undefined) return "";
      const { type, subtype: code, offset, sizeBytes, isEncrypted, name } = partition;
      return [type, code, offset, sizeBytes, isEncrypted ? 1 : 0, name].join(",");
    },
    partition_running: () => indexOf(running),
    partition_boot: () => indexOf(bootPartition(flash, partitions)),
    partition_next_update: () => indexOf(nextUpdate(partitions, running)),
    partition_read: (index: number, offset: number, address: number, length: number) =>
      within(index, offset, length, (start) => {
        context.memory().set(flash.read(start, length), address);
        return 0;
      }),
    partition_write: (index: number, offset: number, address: number, length: number) =>
      within(index, offset, length, (start) => {
        if (isFailing()) return espError.fail;
        flash.program(start, context.memory().slice(address, address + length));
        return 0;
      }),
    partition_erase: (index: number, offset: number, length: number) =>
      within(index, offset, length, (start) => {
        if (offset % sectorBytes !== 0) return espError.invalidArgument;
        if (length % sectorBytes !== 0) return espError.invalidSize;
        if (isFailing()) return espError.fail;
        flash.erase(start, length);
        return 0;
      }),
    partition_set_boot: (index: number) => {
      context.spend();
      return isFailing() ? espError.fail : setBoot({ flash, partitions, chipId: setup.chipId }, at(index));
    },
    partition_mark_valid: () => {
      context.spend();
      return isFailing() ? espError.fail : markValid(flash, partitions);
    },
  };
}

/** What the boot loader would start now, without what it writes down on the way. */
function bootPartition(flash: FlashAccess, partitions: readonly Partition[]): Partition | undefined {
  const records = readOtaData(flash, partitions);
  const slots = otaSlots(partitions);
  const record = records[activeOtaRecord(records)];
  if (record !== undefined && record !== null && slots.length > 0) return slots[(record.sequence - 1) % slots.length];
  return factoryOf(partitions) ?? slots[0];
}

function factoryOf(partitions: readonly Partition[]): Partition | undefined {
  return partitions.find(({ type, subtype: code }) => type === partitionType.app && code === subtype.factory);
}

/** The slot behind the running one, around the end; the first when no slot runs. */
function nextUpdate(partitions: readonly Partition[], running: Partition | undefined): Partition | undefined {
  const slots = otaSlots(partitions);
  const current = running === undefined ? -1 : slots.indexOf(running);
  const next = slots[(current + 1) % slots.length];
  return next === running ? undefined : next;
}

interface BootSetting {
  readonly flash: FlashAccess;
  readonly partitions: readonly Partition[];
  readonly chipId: number;
}

/**
 * Chooses the application of the next start, if it is a valid image for this chip.
 *
 * @source ESP-IDF 5.5, app_update/esp_ota_ops.c, `esp_ota_set_boot_partition`, `esp_rewrite_ota_data`
 */
function setBoot({ flash, partitions, chipId }: BootSetting, partition: Partition | undefined): number {
  if (partition?.type !== partitionType.app) return espError.invalidArgument;
  if (!isValidImage(flash, partition, chipId)) return espError.validationFailed;
  const data = otaDataPartition(partitions);
  if (data === undefined) return espError.notFound;
  if (partition.subtype === subtype.factory) {
    flash.erase(data.offset, data.sizeBytes);
    return 0;
  }
  const slots = otaSlots(partitions);
  const slot = slots.indexOf(partition);
  if (slot < 0) return espError.invalidArgument;
  const records = readOtaData(flash, partitions);
  const active = activeOtaRecord(records);
  const current = (records[active] as OtaRecord | null | undefined)?.sequence ?? 0;
  let sequence = slot + 1;
  while (sequence < current) sequence += slots.length;
  writeOtaRecord(flash, partitions, { index: active === 0 ? 1 : 0, record: { sequence, state: "new" } });
  return 0;
}

function isValidImage(flash: FlashAccess, { offset, sizeBytes }: Partition, chipId: number): boolean {
  try {
    return decodeEspImage(flash.read(offset, sizeBytes), { sha256 }).header.chipId === chipId;
  } catch {
    return false;
  }
}

/** @source ESP-IDF 5.5, app_update/esp_ota_ops.c, `esp_ota_current_ota_is_workable` */
function markValid(flash: FlashAccess, partitions: readonly Partition[]): number {
  if (otaDataPartition(partitions) === undefined) return espError.notFound;
  const records = readOtaData(flash, partitions);
  const active = activeOtaRecord(records);
  const record = records[active];
  if (record === undefined || record === null) return espError.fail;
  if (record.state !== "valid") {
    writeOtaRecord(flash, partitions, { index: active as 0 | 1, record: { ...record, state: "valid" } });
  }
  return 0;
}
