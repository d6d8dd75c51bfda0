export * from "./codes.ts";
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
