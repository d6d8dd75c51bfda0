import { encodePartitionTable } from "@espx/image";
import type { FlashRegion } from "@espx/serial";
import type { VirtualBoardOptions } from "../../sim/src/board/board-options.ts";
import { type ChipName, chipModels } from "../../sim/src/chip/chip-model.ts";
import { layoutTable } from "../../sim/src/chip/flash-layout.ts";
import { type ApplicationOptions, makeApplication, makeBootloader, md5 } from "../../sim/src/chip/virtual-firmware.ts";
import { ChipFixture } from "../../sim/test/chip/chip-fixture.ts";

/** Runs `work` with a board in real time that has power. */
export async function withChip<T>(
  options: Partial<VirtualBoardOptions>,
  work: (fixture: ChipFixture) => Promise<T>,
): Promise<T> {
  const fixture = await ChipFixture.start(options);
  try {
    await fixture.board.powerOn();
    return await work(fixture);
  } finally {
    await fixture[Symbol.asyncDispose]();
  }
}

/** All that a board of that kind boots from: boot loader, partition table, application. */
export function firmware(
  name: ChipName = "esp32",
  options: ApplicationOptions = {},
): readonly [FlashRegion, FlashRegion, FlashRegion] {
  const model = chipModels[name];
  return [
    { address: model.bootloaderOffset, bytes: makeBootloader(model) },
    { address: 0x8000, bytes: encodePartitionTable(layoutTable("default", 0x400000), md5) },
    { address: 0x10000, bytes: makeApplication(model, { sizeBytes: 100_000, ...options }) },
  ];
}
