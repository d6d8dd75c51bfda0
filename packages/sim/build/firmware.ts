import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodePartitionTable } from "@espx/image";
import { type ChipModel, chipModels } from "../src/chip/chip-model.ts";
import { layoutTable } from "../src/chip/flash-layout.ts";
import { makeApplication, makeBootloader, md5 } from "../src/chip/virtual-firmware.ts";
import { cacheFolder } from "./bundle.ts";

/** Flash that the tables are made for. */
const flashBytes = 4 * 1024 * 1024;

/**
 * Writes the virtual firmware of every chip as files that a flasher takes, each named by where it goes.
 *
 * Boards need none of them: they make the same bytes when they come flashed.
 */
export async function writeFirmware(folder: string): Promise<readonly string[]> {
  const written: string[] = [];
  for (const model of Object.values(chipModels)) {
    await mkdir(join(folder, model.name), { recursive: true });
    for (const [name, bytes] of filesOf(model)) {
      const path = join(folder, model.name, name);
      await writeFile(path, bytes);
      written.push(path);
    }
  }
  return written;
}

function filesOf(model: ChipModel): (readonly [string, Uint8Array])[] {
  const table = (layout: "default" | "ota"): Uint8Array => encodePartitionTable(layoutTable(layout, flashBytes), md5);
  return [
    [`bootloader-0x${model.bootloaderOffset.toString(16)}.bin`, makeBootloader(model)],
    ["partitions-0x8000.bin", table("default")],
    ["partitions-ota-0x8000.bin", table("ota")],
    ["micropython-0x10000.bin", makeApplication(model)],
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of await writeFirmware(process.argv[2] ?? join(cacheFolder, "firmware"))) {
    process.stdout.write(`${path}\n`);
  }
}
