import {
  decodePartitionTable,
  encodePartitionTable,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SIZE,
  type Partition,
  partitionType,
} from "@espx/image";
import { blockBytes, type FlashAccess, FlashMemory } from "./flash-memory.ts";
import type { ChipModel } from "./chip-model.ts";
import { type ApplicationOptions, makeApplication, makeBootloader, md5 } from "./virtual-firmware.ts";

/** MicroPython's partition layouts: one application, or two that update each other. */
export type LayoutName = "default" | "ota";

/** Subtypes that the board looks for. */
export const subtype = { factory: 0x00, ota0: 0x10, otaData: 0x00, nvs: 0x02, fat: 0x81 } as const;

const data = (name: string, code: number, offset: number, sizeBytes: number): Partition => ({
  name,
  type: partitionType.data,
  subtype: code,
  offset,
  sizeBytes,
  isEncrypted: false,
  isReadOnly: false,
});
const app = (name: string, code: number, offset: number, sizeBytes: number): Partition => ({
  ...data(name, code, offset, sizeBytes),
  type: partitionType.app,
});

/** @source MicroPython 1.27, ports/esp32/partitions-4MiBplus.csv, partitions-4MiB-ota.csv */
const layouts: Readonly<Record<LayoutName, readonly Partition[]>> = {
  default: [
    data("nvs", subtype.nvs, 0x9000, 0x6000),
    data("phy_init", 1, 0xf000, 0x1000),
    app("factory", subtype.factory, 0x10000, 0x1f0000),
  ],
  ota: [
    data("nvs", subtype.nvs, 0x9000, 0x4000),
    data("otadata", subtype.otaData, 0xd000, 0x2000),
    data("phy_init", 1, 0xf000, 0x1000),
    app("ota_0", subtype.ota0, 0x10000, 0x180000),
    app("ota_1", subtype.ota0 + 1, 0x190000, 0x180000),
  ],
};

/** Where the file system begins in a layout. */
export function vfsOffset(layout: LayoutName): number {
  return layout === "ota" ? 0x310000 : 0x200000;
}

/** The table of a layout; a file system that does not take all that is left stands in it, else the firmware adds it. */
export function layoutTable(layout: LayoutName, flashBytes: number, vfsBytes?: number): readonly Partition[] {
  const offset = vfsOffset(layout);
  if (vfsBytes === undefined || vfsBytes === flashBytes - offset) return layouts[layout];
  return [...layouts[layout], data("vfs", subtype.fat, offset, vfsBytes)];
}

/**
 * The partitions that a running firmware knows: those of the table, and `vfs` in what is left when the table has none.
 *
 * @returns undefined when there is no valid table
 * @source MicroPython 1.27, ports/esp32/main.c, `platform_esp32_init_vfs`
 */
export function partitionsOf(flash: FlashAccess): readonly Partition[] | undefined {
  let partitions: readonly Partition[];
  try {
    partitions = decodePartitionTable(flash.read(PARTITION_TABLE_OFFSET, PARTITION_TABLE_SIZE), md5).partitions;
  } catch {
    return undefined;
  }
  if (partitions.length === 0) return undefined;
  if (partitions.some(({ name, type }) => type === partitionType.data && name === "vfs")) return partitions;
  const end = Math.max(...partitions.map(({ offset, sizeBytes }) => offset + sizeBytes));
  if (end >= flash.sizeBytes) return partitions;
  return [...partitions, data("vfs", subtype.fat, end, flash.sizeBytes - end)];
}

/** A chip that comes flashed: boot loader, table, and application in its first slot. */
export interface FactoryOptions extends ApplicationOptions {
  readonly layout: LayoutName;
  readonly flashBytes: number;
  readonly vfsBytes?: number;
}

const made = new Map<string, readonly (Uint8Array | undefined)[]>();

/** The flash of a new board, its blocks shared by all boards that come with the same. */
export function factoryFlash(model: ChipModel, options: FactoryOptions): FlashMemory {
  const key = JSON.stringify([model.name, options]);
  const known = made.get(key);
  if (known !== undefined) return new FlashMemory(options.flashBytes, known);
  const memory = new FlashMemory(options.flashBytes);
  memory.replace(model.bootloaderOffset, makeBootloader(model));
  const table = layoutTable(options.layout, options.flashBytes, options.vfsBytes);
  memory.replace(PARTITION_TABLE_OFFSET, encodePartitionTable(table, md5));
  memory.replace(blockBytes, makeApplication(model, options));
  made.set(key, memory.share());
  return memory;
}
