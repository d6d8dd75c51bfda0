import type { Registers } from "./spi-flash.ts";

/** Registers by which a chip resets itself, or would. */
interface ResetRegisters {
  /** The RTC watchdog: configuration, time-out of its first stage, write protection. */
  readonly watchdog: { readonly configuration: number; readonly timeout: number; readonly protection: number };
  /** Its bite resets the chip so that it comes back. */
  readonly watchdogResets: boolean;
  /** The watchdog over the RTC domain itself, the key to it, and the bit by which it is fed without a program. */
  readonly superWatchdog?: {
    readonly configuration: number;
    readonly protection: number;
    readonly key: number;
    readonly feedsItself: number;
  };
  /** The strapping pins as they were at the last reset of the whole chip; `bootHigh` says that download mode was not asked for. */
  readonly straps?: { readonly address: number; readonly bootHigh: number };
  /** A program asked for download mode at the next reset. */
  readonly forcedDownload?: { readonly address: number; readonly mask: number };
}

const watchdogKey = 0x50d83aa1;
const oldSuperWatchdogKey = 0x8f1d312a;

function rtcControl(
  base: number,
  [configuration, timeout, protection]: readonly [number, number, number],
): ResetRegisters["watchdog"] {
  return { configuration: base + configuration, timeout: base + timeout, protection: base + protection };
}

/** The newer chips have their watchdogs in a block of their own. */
function lowPower(base: number, protection: number): Pick<ResetRegisters, "watchdog" | "superWatchdog"> {
  const next = base + protection;
  return {
    watchdog: { configuration: base, timeout: base + 4, protection: next },
    superWatchdog: { configuration: next + 4, protection: next + 8, key: watchdogKey, feedsItself: 1 << 18 },
  };
}

/**
 * By chip. The ESP32-C6 and -H2 have the registers, but a reset by them can take their USB off the bus for good; the ESP32's does not
 * reset all of the chip.
 *
 * @source esptool 5.6, targets, and its documentation on watchdog resets
 */
const registersOf: Readonly<Record<string, ResetRegisters>> = {
  esp32s2: {
    watchdog: rtcControl(0x3f408000, [0x94, 0x98, 0xac]),
    watchdogResets: true,
    straps: { address: 0x3f404038, bootHigh: 1 << 3 },
    forcedDownload: { address: 0x3f408128, mask: 1 },
  },
  esp32s3: {
    watchdog: rtcControl(0x60008000, [0x98, 0x9c, 0xb0]),
    watchdogResets: true,
    superWatchdog: {
      configuration: 0x600080b4,
      protection: 0x600080b8,
      key: oldSuperWatchdogKey,
      feedsItself: 0x8000_0000,
    },
    straps: { address: 0x60004038, bootHigh: 1 << 3 },
    forcedDownload: { address: 0x6000812c, mask: 1 },
  },
  esp32c2: { watchdog: rtcControl(0x60008000, [0x84, 0x88, 0x9c]), watchdogResets: true },
  esp32c3: {
    watchdog: rtcControl(0x60008000, [0x90, 0x94, 0xa8]),
    watchdogResets: true,
    superWatchdog: {
      configuration: 0x600080ac,
      protection: 0x600080b0,
      key: oldSuperWatchdogKey,
      feedsItself: 0x8000_0000,
    },
  },
  esp32c5: { ...lowPower(0x600b1c00, 0x18), watchdogResets: true },
  esp32c6: { ...lowPower(0x600b1c00, 0x18), watchdogResets: false },
  esp32c61: { ...lowPower(0x600b1c00, 0x18), watchdogResets: true },
  esp32h2: { ...lowPower(0x600b1c00, 0x1c), watchdogResets: false },
  esp32p4: { ...lowPower(0x50116000, 0x18), watchdogResets: true },
};

/** Whether the RTC watchdog of that chip, named as `esp32s3`, resets all of it, strapping pins and USB included. */
export function hasWatchdogReset(chip: string): boolean {
  return registersOf[chip]?.watchdogResets ?? false;
}

/** Enabled, its first stage resets the chip, with the longest pulse but one. */
const biteConfiguration = (0x8000_0000 | (5 << 28) | (1 << 8) | 2) >>> 0;
/** About 15 ms of the slow clock: the answer to the last write still gets out. */
const biteCycles = 2000;

/** Lets the RTC watchdog reset the chip, in about 15 ms. `last` makes the write that starts it, whose answer may be lost. */
export async function biteByWatchdog(
  chip: string,
  registers: Pick<Registers, "writeRegister">,
  last: (address: number, value: number) => Promise<void>,
): Promise<void> {
  const watchdog = registersOf[chip]?.watchdog;
  if (watchdog === undefined) return;
  await registers.writeRegister(watchdog.protection, watchdogKey);
  await registers.writeRegister(watchdog.timeout, biteCycles);
  await last(watchdog.configuration, biteConfiguration);
}

/** Stops the watchdogs of a chip that was reset over its own USB: that leaves them running, and nobody would feed them. */
export async function quietWatchdogs(chip: string, registers: Registers): Promise<void> {
  const known = registersOf[chip];
  if (known === undefined) return;
  const { watchdog, superWatchdog } = known;
  await registers.writeRegister(watchdog.protection, watchdogKey);
  await registers.writeRegister(watchdog.configuration, 0);
  await registers.writeRegister(watchdog.protection, 0);
  if (superWatchdog === undefined) return;
  const { configuration, protection, key, feedsItself } = superWatchdog;
  await registers.writeRegister(protection, key);
  await registers.writeRegister(configuration, ((await registers.readRegister(configuration)) | feedsItself) >>> 0);
  await registers.writeRegister(protection, 0);
}

/**
 * Whether a chip that talks over USB OTG would stay in its loader when RTS resets it: its boot pin was low at the last reset of the
 * whole chip. The ESP32-P4 is never reset by RTS there.
 */
export async function staysOverOtg(chip: string, registers: Pick<Registers, "readRegister">): Promise<boolean> {
  const { straps, forcedDownload } = registersOf[chip] ?? {};
  if (straps === undefined) return chip === "esp32p4";
  const isLow = ((await registers.readRegister(straps.address)) & straps.bootHigh) === 0;
  if (!isLow || forcedDownload === undefined) return isLow;
  return ((await registers.readRegister(forcedDownload.address)) & forcedDownload.mask) === 0;
}

/** Takes back what a program asked for: the ESP32-S3 keeps it through a reset by RTS. */
export async function forgetForcedDownload(chip: string, registers: Registers): Promise<void> {
  const forced = chip === "esp32s3" ? registersOf[chip]?.forcedDownload : undefined;
  if (forced === undefined) return;
  const value = await registers.readRegister(forced.address);
  if ((value & forced.mask) !== 0) await registers.writeRegister(forced.address, (value & ~forced.mask) >>> 0);
}
