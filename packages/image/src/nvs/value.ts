/** A whole number of one of NVS's sizes. */
export interface NvsNumber {
  readonly type: "u8" | "i8" | "u16" | "i16" | "u32" | "i32";
  readonly value: number;
}

/** A 64-bit number. */
export interface NvsBigNumber {
  readonly type: "u64" | "i64";
  readonly value: bigint;
}

/** Text without the 0 that ends it in flash. */
interface NvsString {
  readonly type: "string";
  readonly value: string;
}

/** Bytes, in chunks over several pages when they are many. */
interface NvsBlob {
  readonly type: "blob";
  readonly value: Uint8Array;
}

export type NvsValue = NvsNumber | NvsBigNumber | NvsString | NvsBlob;

/** A value with its key; keys and namespaces are 1..15 bytes. */
export type NvsEntry = { readonly namespace: string; readonly key: string } & NvsValue;

/** Codes of the types in flash: the lower half is the width, 0x10 the sign. */
export const itemType = {
  u8: 0x01,
  u16: 0x02,
  u32: 0x04,
  u64: 0x08,
  i8: 0x11,
  i16: 0x12,
  i32: 0x14,
  i64: 0x18,
  string: 0x21,
  /** A blob as ESP-IDF before 4.0 wrote it: in one page, like a string. */
  blob: 0x41,
  blobData: 0x42,
  blobIndex: 0x48,
} as const;

export type NumberType = NvsNumber["type"] | NvsBigNumber["type"];

const numberTypes: readonly NumberType[] = ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"];

/** The type of number that a code stands for, or undefined for any other code. */
export function numberTypeOf(code: number): NumberType | undefined {
  return numberTypes.find((type) => itemType[type] === code);
}

/** @param field - the 8 data bytes of an item */
export function decodeNumber(type: NumberType, field: Uint8Array): NvsNumber | NvsBigNumber {
  const view = new DataView(field.buffer, field.byteOffset, field.byteLength);
  switch (type) {
    case "u8":
      return { type, value: view.getUint8(0) };
    case "i8":
      return { type, value: view.getInt8(0) };
    case "u16":
      return { type, value: view.getUint16(0, true) };
    case "i16":
      return { type, value: view.getInt16(0, true) };
    case "u32":
      return { type, value: view.getUint32(0, true) };
    case "i32":
      return { type, value: view.getInt32(0, true) };
    case "u64":
      return { type, value: view.getBigUint64(0, true) };
    case "i64":
      return { type, value: view.getBigInt64(0, true) };
  }
}

/** The 8 data bytes of an item, filled up with 0xff; null when `value` is outside of its type. */
export function encodeNumber({ type, value }: NvsNumber | NvsBigNumber): Uint8Array | null {
  const field = new Uint8Array(8).fill(0xff);
  const view = new DataView(field.buffer);
  const size = itemType[type] & 0xf;
  const whole = typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value) : null;
  if (whole === null) return null;
  const fitting = type.startsWith("i") ? BigInt.asIntN(8 * size, whole) : BigInt.asUintN(8 * size, whole);
  if (fitting !== whole) return null;
  for (let index = 0; index < size; index++) view.setUint8(index, Number((whole >> BigInt(8 * index)) & 0xffn));
  return field;
}
