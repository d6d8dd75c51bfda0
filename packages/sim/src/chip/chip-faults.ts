/** What is locked on a chip, or broken beside it: for the life of the board, as eFuses and solder are. */
export interface ChipFaults {
  /** What the flash chip answers instead of its id: 0 or 0xffffff where nothing answers. */
  readonly flashId?: number;
  /** Above this rate, what the chip sends and hears is spoiled: a long cable, a slow optocoupler. */
  readonly maxBaudRate?: number;
  /** Only images with the owner's signature start; the boot loader's check itself is not shown. */
  readonly secureBoot?: boolean;
  /** Flash counts as encrypted; its bytes are shown as they are. */
  readonly flashEncryption?: boolean;
  /** The ROM takes a handful of commands only. Not on an ESP32, which has no such mode. */
  readonly secureDownload?: boolean;
}

/** A rate that a byte sent at `baudRate` means nothing at. */
export function spoiledBaud(baudRate: number): number {
  return Math.round(baudRate * 0.7);
}

const flags = { secureBoot: 1 << 0, secureDownload: 1 << 2 } as const;

/** Flags (u32), flash encryption count, 7 key purposes, chip id (u32), version (u32), as GET_SECURITY_INFO gives them. */
export function securityInfo(imageChipId: number, faults: ChipFaults): Uint8Array {
  const info = new Uint8Array(20);
  const view = new DataView(info.buffer);
  const set =
    (faults.secureBoot === true ? flags.secureBoot : 0) | (faults.secureDownload === true ? flags.secureDownload : 0);
  view.setUint32(0, set, true);
  info[4] = faults.flashEncryption === true ? 1 : 0;
  view.setUint32(12, imageChipId, true);
  return info;
}

/** Words 0 and 6 of the ESP32's eFuse block 0: flash encryption count, and secure boot. */
export function esp32LockWords({ flashEncryption, secureBoot }: ChipFaults): readonly [number, number] {
  return [flashEncryption === true ? 1 << 20 : 0, secureBoot === true ? 1 << 4 : 0];
}
