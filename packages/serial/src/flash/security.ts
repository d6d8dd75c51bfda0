import { ByteReader, RefusedError } from "@espx/proto";
import type { Registers } from "./spi-flash.ts";

/** What protects a chip against being read, written or run by others. */
export interface ChipSecurity {
  readonly secureBoot: boolean;
  readonly flashEncryption: boolean;
  /** The ROM takes a handful of commands only, and no stub. */
  readonly secureDownload: boolean;
  /** eFuses say that download mode is off, as far as a chip that still answers can tell. */
  readonly downloadDisabled: boolean;
}

const secureBootFlag = 1 << 0;
const secureDownloadFlag = 1 << 2;

/** What GET_SECURITY_INFO answers; the ESP32-S2 leaves the last two out. */
export interface SecurityInfo {
  readonly security: ChipSecurity;
  readonly imageChipId: number | undefined;
}

/**
 * Shape: flags (u32), flash encryption count, 7 key purposes, then chip id (u32) and API version (u32).
 *
 * @source esptool documentation, "Serial Protocol", GET_SECURITY_INFO
 */
export function decodeSecurityInfo(bytes: Uint8Array): SecurityInfo {
  const reader = new ByteReader(bytes);
  const flags = reader.u32le();
  const encryptionCount = reader.u8();
  reader.bytes(7);
  const security = {
    secureBoot: (flags & secureBootFlag) !== 0,
    flashEncryption: isOdd(encryptionCount),
    secureDownload: (flags & secureDownloadFlag) !== 0,
    downloadDisabled: false,
  };
  return { security, imageChipId: reader.remaining >= 4 ? reader.u32le() : undefined };
}

const esp32Efuse = 0x3ff5a000;

/** What the ESP32's eFuses say, which has no GET_SECURITY_INFO. @source ESP32 technical reference manual, eFuse block 0 */
export async function readEsp32Security(registers: Pick<Registers, "readRegister">): Promise<ChipSecurity> {
  const first = await registers.readRegister(esp32Efuse);
  const last = await registers.readRegister(esp32Efuse + 24);
  return {
    secureBoot: (last & 0b11_0000) !== 0,
    flashEncryption: isOdd((first >>> 20) & 0x7f),
    secureDownload: false,
    downloadDisabled: (first & (1 << 27)) !== 0,
  };
}

function isOdd(bits: number): boolean {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count % 2 === 1;
}

/**
 * @throws RefusedError `flash/secure-boot`, `flash/encrypted`, `flash/download-disabled` for a chip that what is written here would not
 *   start on, or make unusable
 */
export function refuseProtected(security: ChipSecurity, chip: string): void {
  if (security.secureBoot) {
    throw new RefusedError("flash/secure-boot", `this ${chip} starts signed images only (secure boot is on)`, {
      hint: "an image without the owner's signature would leave it unable to start; take a board without secure boot",
    });
  }
  if (security.flashEncryption) {
    throw new RefusedError("flash/encrypted", `the flash of this ${chip} is encrypted`, {
      hint: "what is written in plain would be unreadable to it; update it with the firmware it has, or take another board",
    });
  }
  if (security.downloadDisabled) {
    throw new RefusedError("flash/download-disabled", `the eFuses of this ${chip} switch its download mode off`, {
      hint: "nothing shall be written to it any more by its owner's wish; update it over the air",
    });
  }
}

/** What a chip in Secure Download Mode still does, for people. */
export const secureDownloadRemains =
  "flash --image, write-flash, restore and erase-region still work, blind: the chip takes what comes, and nothing can be compared or verified";

/** @throws RefusedError `flash/secure-download` where `what` needs more than blind writes */
export function refuseSecureDownload(security: ChipSecurity, chip: string, what: string): void {
  if (!security.secureDownload) return;
  throw new RefusedError("flash/secure-download", `this ${chip} is in Secure Download Mode, which allows no ${what}`, {
    hint: secureDownloadRemains,
    details: { what },
  });
}
