export * from "./codes.ts";
export { type ImageParts, encodeEspImage } from "./app/builder.ts";
export { type ChipImageTraits, chipImageTraits, chipOfId, chipOfName } from "./app/chips.ts";
export {
  APP_DESCRIPTION_OFFSET,
  APP_DESCRIPTION_SIZE,
  type AppDescription,
  appDescriptionOf,
  decodeAppDescription,
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
export {
  type BrokenImage,
  type FlashFile,
  type FlashFileDigests,
  type FoundImage,
  readFlashFile,
} from "./contents/flash-file.ts";
export { type MergeOptions, type MergePart, mergeParts } from "./contents/merge.ts";
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
export type { NvsEntry, NvsValue } from "./nvs/value.ts";
export { decodeNvs } from "./nvs/reader.ts";
export { encodeNvs } from "./nvs/writer.ts";
export { type PartitionFault, type PartitionLimits, checkPartitions, partitionFaults } from "./partition/checks.ts";
export { type CsvOptions, formatPartitionCsv, parsePartitionCsv } from "./partition/csv.ts";
export {
  type OtaData,
  type OtaRecord,
  type OtaState,
  activeOtaRecord,
  decodeOtaData,
  encodeOtaData,
} from "./partition/ota-data.ts";
export { type OtaAbility, otaAbility } from "./partition/ota-ability.ts";
export { type Partition, partitionType, subtypeName, typeName } from "./partition/partition.ts";
export {
  MAX_PARTITIONS,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SECTOR_SIZE,
  PARTITION_TABLE_SIZE,
  type PartitionTable,
  decodePartitionTable,
  encodePartitionTable,
} from "./partition/table.ts";
