import { UsageError } from "@espx/proto";
import type { VirtualBoardOptions } from "../board/board-options.ts";
import type { FlashHost } from "../flash/flash-host.ts";
import type { ChipState } from "../flash/flash-snapshot.ts";
import { ChipFlash } from "./chip-flash.ts";
import { ChipHost } from "./chip-host.ts";
import { type ChipModel, chipModels, type ChipName } from "./chip-model.ts";
import { factoryFlash, type FactoryOptions, vfsOffset } from "./flash-layout.ts";
import { flashSizes, FlashMemory } from "./flash-memory.ts";
import { type FlashTiming, instantFlash, typicalFlash } from "./flash-timing.ts";

/** Size of a flash chip when none is given. */
const defaultBytes = 4 * 1024 * 1024;

/** Two blocks: what the files of a blank chip that is too small for the firmware have until they get a partition. */
const smallestFileSystemBytes = 8192;

/** Name of what a chip comes with when it comes with nothing. */
const nothing = "blank";

/**
 * Makes the chip of a board, its flash as it was kept, or as it comes.
 *
 * @throws UsageError `sim/bad-chip` for a chip or a size of flash that there is not
 */
export function makeChip(options: VirtualBoardOptions, mac: Uint8Array, files: FlashHost): ChipHost {
  const kept = files.keptChip;
  const model = chipModels[(options.chip ?? kept?.model ?? "esp32") as ChipName] as ChipModel | undefined;
  if (model === undefined) {
    throw new UsageError("sim/bad-chip", `chip is ${options.chip}, expected ${Object.keys(chipModels).join(", ")}`);
  }
  const sizeBytes = kept?.sizeBytes ?? chipBytes(options);
  const name = kept?.factory ?? factoryName(options, sizeBytes);
  const factory =
    name === nothing ? new FlashMemory(sizeBytes) : factoryFlash(model, JSON.parse(name) as FactoryOptions);
  const blocks = factory.share();
  const flash = new ChipFlash(memoryOf(sizeBytes, blocks, kept), files, {
    ...(kept !== undefined && { changed: kept.changedViews }),
  });
  const timing = timingOf(options);
  const chip = new ChipHost({ model, mac, flash, timing, faults: options.chipFaults ?? {}, factory: { name, blocks } });
  chip.onChange(() => files.chipChanged());
  files.attach(chip);
  return chip;
}

/** How long the flash of a board takes. */
export function timingOf({ flashTiming = "none" }: VirtualBoardOptions): FlashTiming {
  return flashTiming === "typical" ? typicalFlash : instantFlash;
}

/** Size of the file system that a new board comes with. */
export function fileSystemBytes(options: VirtualBoardOptions): number {
  const leftBytes = chipBytes(options) - vfsOffset(options.layout ?? "default");
  return options.flashBytes ?? Math.max(leftBytes, smallestFileSystemBytes);
}

function memoryOf(
  sizeBytes: number,
  factory: readonly (Uint8Array | undefined)[],
  kept: ChipState | undefined,
): FlashMemory {
  const memory = new FlashMemory(sizeBytes, factory);
  for (const { index, bytes } of kept?.blocks ?? []) {
    const offset = index * (bytes?.length ?? 65_536);
    if (bytes === null) memory.erase(offset, 65_536);
    else memory.replace(offset, bytes);
  }
  return memory;
}

function chipBytes({ chipFlashBytes, flashBytes, blank = false, layout = "default" }: VirtualBoardOptions): number {
  const needed = flashBytes === undefined ? defaultBytes : vfsOffset(layout) + flashBytes;
  const size = chipFlashBytes ?? Math.max(defaultBytes, flashSizes.find((bytes) => bytes >= needed) ?? Infinity);
  const isEnough = blank ? flashBytes === undefined || size >= needed : size >= Math.max(needed, defaultBytes);
  if (flashSizes.includes(size) && isEnough) return size;
  throw new UsageError(
    "sim/bad-chip",
    `flash of ${size} bytes with a file system of ${flashBytes ?? "all that is left"} bytes, expected 4 to 32 MiB that hold it (blank chips: from 1 MiB)`,
  );
}

/** The options of the factory's firmware as text, which makes the same flash in a later run. */
function factoryName(options: VirtualBoardOptions, sizeBytes: number): string {
  if (options.blank === true) return nothing;
  const { layout = "default", flashBytes, firmware } = options;
  const whole: FactoryOptions = {
    ...firmware,
    layout,
    flashBytes: sizeBytes,
    ...(flashBytes !== undefined && { vfsBytes: flashBytes }),
  };
  return JSON.stringify(whole);
}
