import { appDescriptionOf, decodeEspImage, type EspImage, type Partition } from "@espx/image";
import { badChecksumText, errorText, invalidHeaderText, loadText, type RomReason } from "./boot-texts.ts";
import type { ChipModel } from "./chip-model.ts";
import { trailerOf, type FirmwareTrailer } from "./firmware-trailer.ts";
import { partitionsOf } from "./flash-layout.ts";
import type { FlashAccess } from "./flash-memory.ts";
import { chooseApplications } from "./ota-choice.ts";
import { sha256 } from "./virtual-firmware.ts";

/** What a start from flash comes to. */
export type BootChoice =
  /** An application runs; `text` is what was printed on the way. */
  | {
      readonly kind: "application";
      readonly text: string;
      readonly firmware: FirmwareTrailer;
      readonly partitions: readonly Partition[];
      readonly running: Partition;
    }
  /** Nothing can run: the chip starts over, for a reason of its own. */
  | { readonly kind: "starts-over"; readonly text: string; readonly reason: RomReason }
  /** A valid application that the virtual interpreter cannot stand in for. */
  | { readonly kind: "unsupported"; readonly text: string };

/** Room for a boot loader, up to the partition table. */
const bootloaderEnd = 0x8000;

/** Version that Python reports when a real image does not say one. */
const unknownVersion = "0.0.0";

/**
 * Finds out what a chip starts from its flash, as ROM and boot loader do; the boot loader may write OTA data.
 *
 * @source ESP-IDF 5.5, bootloader_support; ROM messages as boards print them
 */
export function chooseBoot(model: ChipModel, flash: FlashAccess): BootChoice {
  const loader = readBootloader(model, flash);
  if (typeof loader === "string") return { kind: "starts-over", text: loader, reason: "rom-watchdog" };
  const loaded = loadText(model, loader);
  const partitions = partitionsOf(flash);
  if (partitions === undefined) {
    const text = errorText("boot", "load partition table error!");
    return { kind: "starts-over", text: loaded + text, reason: "boot-loader" };
  }
  let tried = "";
  for (const partition of chooseApplications(flash, partitions)) {
    const image = readApplication(model, flash, partition);
    if (typeof image !== "string") return started({ image, partitions, running: partition, text: loaded + tried });
    tried += image;
  }
  const text = `${loaded}${tried}${errorText("boot", "No bootable app partitions in the partition table")}`;
  return { kind: "starts-over", text, reason: "boot-loader" };
}

interface Started {
  readonly image: EspImage;
  readonly partitions: readonly Partition[];
  readonly running: Partition;
  readonly text: string;
}

function started({ image, partitions, running, text }: Started): BootChoice {
  const firmware = trailerOf(image);
  if (firmware !== undefined) return { kind: "application", text, firmware, partitions, running };
  const version = micropythonVersion(image);
  if (version === undefined) return { kind: "unsupported", text: `${text}unsupported image\r\n` };
  const note = `the virtual interpreter stands in for MicroPython v${version}\r\n`;
  const standIn: FirmwareTrailer = { version, behaviour: "starts", absentModules: [] };
  return { kind: "application", text: text + note, firmware: standIn, partitions, running };
}

/** The version in the description of a real MicroPython, or undefined for any other application. */
function micropythonVersion(image: EspImage): string | undefined {
  try {
    const { projectName, version } = appDescriptionOf(image);
    if (projectName !== "micropython") return undefined;
    return /\d+\.\d+(\.\d+)?/.exec(version)?.[0] ?? unknownVersion;
  } catch {
    return undefined;
  }
}

/** The boot loader, or what the ROM says instead. */
function readBootloader(model: ChipModel, flash: FlashAccess): EspImage | string {
  const bytes = flash.read(model.bootloaderOffset, bootloaderEnd - model.bootloaderOffset);
  const firstWord = new DataView(bytes.buffer).getUint32(0, true);
  if (bytes[0] !== 0xe9) return invalidHeaderText(firstWord);
  try {
    return decodeEspImage(bytes);
  } catch {
    return badChecksumText;
  }
}

/** The application in a partition, or what the boot loader says instead. */
function readApplication(model: ChipModel, flash: FlashAccess, partition: Partition): EspImage | string {
  const { offset, sizeBytes } = partition;
  if (offset + sizeBytes > flash.sizeBytes) return errorText("esp_image", "image at 0x0 is outside of flash");
  const bytes = flash.read(offset, sizeBytes);
  if (bytes[0] !== 0xe9) {
    return errorText("esp_image", `image at 0x${offset.toString(16)} has invalid magic byte (nothing flashed here?)`);
  }
  try {
    const image = decodeEspImage(bytes, { sha256 });
    if (image.header.chipId === model.imageChipId) return image;
    return errorText("boot_comm", `mismatch chip ID, expected ${model.imageChipId}, found ${image.header.chipId}`);
  } catch (error) {
    return errorText("esp_image", (error as Error).message);
  }
}
