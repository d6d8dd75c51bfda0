/** What the header of an image says of a chip, and where that chip's ROM looks for a boot loader. */
export interface ChipImageTraits {
  /** Name as esptool's `--chip` takes it. */
  readonly name: string;
  readonly chipId: number;
  readonly bootloaderOffset: number;
  /** Code in the header for a flash clock. */
  readonly frequencies: Readonly<Record<string, number>>;
}

const usual = { "80m": 0xf, "40m": 0x0, "26m": 0x1, "20m": 0x2 };
const without26 = { "80m": 0xf, "40m": 0x0, "20m": 0x2 };
const slow = { "48m": 0xf, "24m": 0x0, "16m": 0x1, "12m": 0x2 };

/**
 * Chips whose images share this format; the ESP8266 has another.
 *
 * @source ESP-IDF esp_app_format.h (esp_chip_id_t); esptool 5.6 targets for offsets and clocks
 */
export const chipImageTraits: readonly ChipImageTraits[] = [
  { name: "esp32", chipId: 0, bootloaderOffset: 0x1000, frequencies: usual },
  { name: "esp32s2", chipId: 2, bootloaderOffset: 0x1000, frequencies: usual },
  { name: "esp32c3", chipId: 5, bootloaderOffset: 0, frequencies: usual },
  { name: "esp32s3", chipId: 9, bootloaderOffset: 0, frequencies: usual },
  { name: "esp32c2", chipId: 12, bootloaderOffset: 0, frequencies: { "60m": 0xf, "30m": 0, "20m": 1, "15m": 2 } },
  // The C6 has one code for two clocks: its boot loader tells them apart by an eFuse.
  { name: "esp32c6", chipId: 13, bootloaderOffset: 0, frequencies: { "80m": 0, "40m": 0, "20m": 2 } },
  { name: "esp32h2", chipId: 16, bootloaderOffset: 0, frequencies: slow },
  { name: "esp32p4", chipId: 18, bootloaderOffset: 0x2000, frequencies: usual },
  { name: "esp32c61", chipId: 20, bootloaderOffset: 0, frequencies: without26 },
  { name: "esp32c5", chipId: 23, bootloaderOffset: 0x2000, frequencies: without26 },
];

/** Traits by the chip id of a header, or undefined for a chip that this espx does not know. */
export function chipOfId(chipId: number): ChipImageTraits | undefined {
  return chipImageTraits.find((traits) => traits.chipId === chipId);
}

/** Traits by name, or undefined. */
export function chipOfName(name: string): ChipImageTraits | undefined {
  return chipImageTraits.find((traits) => traits.name === name);
}
