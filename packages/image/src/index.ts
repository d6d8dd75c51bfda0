export * from "./codes.ts";
export { type ImageParts, encodeEspImage } from "./app/builder.ts";
export { type ChipImageTraits, chipImageTraits, chipOfId, chipOfName } from "./app/chips.ts";
export {
  APP_DESCRIPTION_OFFSET,
  APP_DESCRIPTION_SIZE,
  type AppDescription,
  appDescriptionOf,
  encodeAppDescription,
} from "./app/description.ts";
export { type FlashSettings, flashSettingsOf, withFlashSettings } from "./app/flash-settings.ts";
export {
  IMAGE_HEADER_SIZE,
  IMAGE_MAGIC,
  type ImageHeader,
  decodeImageHeader,
  encodeImageHeader,
  imageHeader,
} from "./app/header.ts";
export {
  type Digest,
  type EspImage,
  type ImageDecodeOptions,
  type ImageSegment,
  type PlacedSegment,
  decodeEspImage,
} from "./app/image.ts";
export { type LittlefsImage, type LittlefsReadOptions, readLittlefs } from "./littlefs/reader.ts";
export type { LittlefsVersion } from "./littlefs/superblock.ts";
export {
  type LittlefsDirectory,
  type LittlefsEntry,
  type LittlefsFile,
  MTIME_ATTRIBUTE,
  encodeMtime,
  mtimeOf,
} from "./littlefs/tree.ts";
export { type LittlefsWriteOptions, makeLittlefs } from "./littlefs/writer.ts";
