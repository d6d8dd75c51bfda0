import { createHash } from "node:crypto";
import { encodePartitionTable, mergeParts } from "@espx/image";
import { type ChipName, chipModels, type LayoutName, layoutTable, makeApplication, makeBootloader } from "@espx/sim";

const md5 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("md5").update(bytes).digest());

/** Parts of a small virtual firmware, as files that a flasher takes. */
export function firmwareParts(
  chip: ChipName,
  { layout = "default", version = "1.27.0" }: { readonly layout?: LayoutName; readonly version?: string } = {},
): { readonly bootLoader: Uint8Array; readonly table: Uint8Array; readonly application: Uint8Array } {
  const model = chipModels[chip];
  return {
    bootLoader: makeBootloader(model),
    table: encodePartitionTable(layoutTable(layout, 4 * 1024 * 1024), md5),
    application: makeApplication(model, { sizeBytes: 120_000, version }),
  };
}

/** The same as one file that begins at the boot loader's place, as MicroPython is given out. */
export function firmwareFile(chip: ChipName, options: Parameters<typeof firmwareParts>[1] = {}): Uint8Array {
  const { bootLoader, table, application } = firmwareParts(chip, options);
  const offset = chipModels[chip].bootloaderOffset;
  return mergeParts(
    [
      { name: "boot loader", address: offset, bytes: bootLoader },
      { name: "table", address: 0x8000, bytes: table },
      { name: "application", address: 0x10000, bytes: application },
    ],
    { offset },
  );
}
