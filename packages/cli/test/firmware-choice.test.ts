import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { psramBytes } from "../src/jobs/chip-facts.ts";
import { chooseFirmware, type ChipFacts, type FirmwareWish } from "../src/project/firmware-choice.ts";
import { type FirmwareEntry, firmwareName, loadCatalogue } from "../src/project/firmware-catalogue.ts";
import type { Context } from "../src/context.ts";

const catalogue: readonly FirmwareEntry[] = await loadCatalogue({ cwd: tmpdir() } as Context, null);
const old = { board: "OLD", chip: "old", flash: 4 * 1024 * 1024, on_request: false } as FirmwareEntry;
const everything = [
  ...catalogue,
  { ...old, variant: "", version: "1.29.0" },
  { ...old, variant: "B", version: "1.28.0" },
];
const MB = 1024 * 1024;
const none: FirmwareWish = { board: undefined, variant: undefined, version: undefined };
const facts = (chip: string, flashMegabytes: number, psram: ChipFacts["psram"] = null): ChipFacts => ({
  chip,
  flashSizeBytes: flashMegabytes * MB,
  psram,
});

const quad = { sizeBytes: 2 * MB, kind: "quad" } as const;
const octal = { sizeBytes: 8 * MB, kind: "octal" } as const;
const cases: readonly (readonly [string, ChipFacts, Partial<FirmwareWish>, string, string])[] = [
  [
    "an ESP32 with 4 MB",
    facts("esp32", 4),
    {},
    "ESP32_GENERIC 1.29.0",
    "the chip has 4 MB of flash and no PSRAM of its own; a module with PSRAM beside the chip takes --variant SPIRAM",
  ],
  ["an ESP32 with 2 MB", facts("esp32", 2), {}, "ESP32_GENERIC-D2WD 1.29.0", "the chip has 2 MB of flash and no PSRAM"],
  [
    "an ESP32 with PSRAM in its package",
    facts("esp32", 8, quad),
    {},
    "ESP32_GENERIC-SPIRAM 1.29.0",
    "the chip has 8 MB of flash and 2 MB of quad PSRAM",
  ],
  [
    "an ESP32-S3 with octal PSRAM",
    facts("esp32s3", 16, octal),
    {},
    "ESP32_GENERIC_S3-SPIRAM_OCT 1.29.0",
    "the chip has 16 MB of flash and 8 MB of octal PSRAM",
  ],
  [
    "an ESP32-S3 with quad PSRAM",
    facts("esp32s3", 8, quad),
    {},
    "ESP32_GENERIC_S3 1.29.0",
    "the chip has 8 MB of flash and 2 MB of quad PSRAM",
  ],
  [
    "an ESP32-C3",
    facts("esp32c3", 4),
    {},
    "ESP32_GENERIC_C3 1.29.0",
    "the chip has 4 MB of flash and no PSRAM of its own",
  ],
  [
    "flash that does not say its size",
    { ...facts("esp32", 4), flashSizeBytes: null },
    {},
    "ESP32_GENERIC 1.29.0",
    "the chip has flash of unknown size",
  ],
  [
    "a variant that was named",
    facts("esp32", 4),
    { variant: "OTA" },
    "ESP32_GENERIC-OTA 1.29.0",
    "the variant was named",
  ],
  [
    "a version that was named",
    facts("esp32c3", 4),
    { version: "1.28.0" },
    "ESP32_GENERIC_C3 1.28.0",
    "the chip has 4 MB",
  ],
  [
    "a variant that an older version only has",
    facts("old", 4),
    { variant: "B" },
    "OLD-B 1.28.0",
    "the variant was named",
  ],
];
test.each(cases)("%s gets its firmware, and it is said why", (_, chip, wish, name, reason) => {
  const chosen = chooseFirmware(everything, chip, { ...none, ...wish });
  expect(firmwareName(chosen.entry)).toBe(name);
  expect(chosen.reason).toContain(reason);
});

const refused: readonly (readonly [string, ChipFacts, Partial<FirmwareWish>, string, string])[] = [
  [
    "a board for another chip",
    facts("esp32c3", 4),
    { board: "ESP32_GENERIC_S3" },
    "RefusedError",
    "ESP32_GENERIC_S3 is for the esp32s3, the chip is an esp32c3",
  ],
  [
    "a board that is not there",
    facts("esp32", 4),
    { board: "LAMP" },
    "NotFoundError",
    "no firmware of the board LAMP is known",
  ],
  ["a chip without firmware", facts("esp32p4", 16), {}, "NotFoundError", "no firmware for the esp32p4 is known"],
  [
    "a variant that is not there",
    facts("esp32", 4),
    { variant: "FAST" },
    "NotFoundError",
    "there is no variant FAST of ESP32_GENERIC in the catalogue",
  ],
  [
    "a version that is not there",
    facts("esp32", 4),
    { version: "1.2.3" },
    "NotFoundError",
    "there is no ESP32_GENERIC in version 1.2.3 in the catalogue",
  ],
  [
    "a variant that is too large",
    facts("esp32", 2),
    { variant: "OTA" },
    "RefusedError",
    "ESP32_GENERIC-OTA 1.29.0 needs 4 MB of flash, the chip has 2 MB",
  ],
  [
    "flash that is too small for all",
    facts("esp32c3", 2),
    {},
    "RefusedError",
    "ESP32_GENERIC_C3 1.29.0 needs 4 MB of flash, the chip has 2 MB",
  ],
];
test.each(refused)("%s is refused with what there is", (_, chip, wish, name, message) => {
  expect(() => chooseFirmware(catalogue, chip, { ...none, ...wish })).toThrow(
    expect.objectContaining({ name, message: expect.stringContaining(message), hint: expect.any(String) }),
  );
});

test.each([
  [["WiFi", "Embedded PSRAM 8MB", "(AP_3v3)"], 8],
  [["WiFi", "Embedded PSRAM 2MB"], 2],
  [["Wi-Fi", "Embedded PSRAM"], 2],
  [["WiFi", "No Embedded PSRAM"], null],
  [["WiFi", "Unknown Embedded PSRAM"], null],
  [["WiFi", "Embedded Flash 4MB"], null],
])("of the features %j so many MB are PSRAM: %s", (features, megabytes) => {
  expect(psramBytes(features)).toBe(megabytes === null ? null : megabytes * MB);
});
