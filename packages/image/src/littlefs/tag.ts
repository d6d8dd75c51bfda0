/** What a metadata tag says about the bytes after it. */
export interface Tag {
  /** 11 bits: kind (3) and chunk (8). */
  readonly type: number;
  /** Which file of the metadata pair, 0..1022; 1023 is the pair itself. */
  readonly id: number;
  /** Length of the data, 0..1022; 1023 marks a deleted attribute without data. */
  readonly length: number;
}

/** Tag types; the names are those of the specification. */
export const tagType = {
  file: 0x001,
  directory: 0x002,
  superblock: 0x0ff,
  directoryStruct: 0x200,
  inlineStruct: 0x201,
  skipListStruct: 0x202,
  userAttribute: 0x300,
  create: 0x401,
  delete: 0x4ff,
  commitCrc: 0x500,
  forwardCrc: 0x5ff,
  softTail: 0x600,
  hardTail: 0x601,
  moveState: 0x7ff,
} as const;

/** The upper three bits of a type. */
export const tagKind = {
  name: 0x000,
  struct: 0x200,
  userAttribute: 0x300,
  splice: 0x400,
  crc: 0x500,
  tail: 0x600,
  globalState: 0x700,
} as const;

export const NO_ID = 0x3ff;
export const DELETED = 0x3ff;
export const TAG_SIZE = 4;

/**
 * @param value - 32 bits, after the XOR with the tag before it, valid bit clear
 * @source littlefs SPEC.md, "Metadata tags"
 */
export function decodeTag(value: number): Tag {
  return { type: (value >>> 20) & 0x7ff, id: (value >>> 10) & 0x3ff, length: value & 0x3ff };
}

export function encodeTag({ type, id, length }: Tag): number {
  return ((type << 20) | (id << 10) | length) >>> 0;
}

export function kindOf(type: number): number {
  return type & 0x700;
}

/** Bytes that tag and data take in a block. */
export function storedSize(tag: Tag): number {
  return TAG_SIZE + (tag.length === DELETED ? 0 : tag.length);
}
