/** One partition of a flash chip. */
export interface Partition {
  /** 1..16 bytes of UTF-8. */
  readonly name: string;
  /** 0 app, 1 data, 2 boot loader, 3 partition table; 0x40..0xfe are an application's own. */
  readonly type: number;
  /** Its meaning depends on the type, see {@link subtypeName}. */
  readonly subtype: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly isEncrypted: boolean;
  readonly isReadOnly: boolean;
}

/** Types by name. */
export const partitionType = { app: 0, data: 1, bootloader: 2, partition_table: 3 } as const;

const otaSlots = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`ota_${index}`, 0x10 + index]));

/** Subtypes by name, for each type that has names. */
const subtypes: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [partitionType.app]: { factory: 0x00, ...otaSlots, test: 0x20, tee_0: 0x30, tee_1: 0x31 },
  [partitionType.data]: {
    ota: 0x00,
    phy: 0x01,
    nvs: 0x02,
    coredump: 0x03,
    nvs_keys: 0x04,
    efuse: 0x05,
    undefined: 0x06,
    esphttpd: 0x80,
    fat: 0x81,
    spiffs: 0x82,
    littlefs: 0x83,
    tee_ota: 0x90,
  },
  [partitionType.bootloader]: { primary: 0, ota: 1, recovery: 2 },
  [partitionType.partition_table]: { primary: 0, ota: 1, recovery: 2 },
};

/** Name of a type, or its number as `0x…`. */
export function typeName(type: number): string {
  return Object.entries(partitionType).find(([, value]) => value === type)?.[0] ?? hex(type);
}

/** Name of a subtype, or its number as `0x…`. */
export function subtypeName(type: number, subtype: number): string {
  return Object.entries(subtypes[type] ?? {}).find(([, value]) => value === subtype)?.[0] ?? hex(subtype);
}

/** The names that a type's subtypes have; none for a type of an application's own. */
export function subtypesOf(type: number): Readonly<Record<string, number>> {
  return subtypes[type] ?? {};
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
