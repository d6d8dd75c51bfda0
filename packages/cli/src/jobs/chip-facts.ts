import type { FlashSession } from "@espx/serial";
import type { ChipFacts } from "../project/firmware-choice.ts";

const MEGABYTE = 1024 * 1024;
/** PSRAM of this size and above hangs on eight lines. */
const OCTAL_FROM_BYTES = 8 * MEGABYTE;
/** The ESP32 with PSRAM in its package does not say how much; there is only this one. */
const UNSAID_BYTES = 2 * MEGABYTE;

/** What a firmware is chosen by. */
export function chipFacts({ chip }: FlashSession): ChipFacts {
  const sizeBytes = psramBytes(chip.identity?.features ?? []);
  return {
    chip: chip.target.key,
    flashSizeBytes: chip.flash.sizeBytes ?? null,
    psram: sizeBytes === null ? null : { sizeBytes, kind: sizeBytes >= OCTAL_FROM_BYTES ? "octal" : "quad" },
  };
}

/** `Embedded PSRAM 8MB (AP_3v3)` as bytes. */
export function psramBytes(features: readonly string[]): number | null {
  const feature = features.find((text) => /psram/i.test(text) && !/^(no|unknown) /i.test(text));
  if (feature === undefined) return null;
  const megabytes = /(\d+) ?MB/.exec(feature)?.[1];
  return megabytes === undefined ? UNSAID_BYTES : Number(megabytes) * MEGABYTE;
}
