import type { SpiRegisters } from "./chip-catalogue.ts";

/** What writes and reads a chip's registers. */
export interface Registers {
  readRegister(address: number): Promise<number>;
  writeRegister(address: number, value: number): Promise<void>;
}

/** The flash chip on a module, as it tells of itself. */
export interface FlashChip {
  /** Maker, type and capacity, one byte each, the maker lowest. */
  readonly id: number;
  /** Undefined when the id tells none. */
  readonly sizeBytes: number | undefined;
}

const startUserCommand = 1 << 18;
const userCommand = 0x8000_0000;
const userRead = 1 << 28;
const commandLengthShift = 28;
const readIdCommand = 0x9f;
const readIdBits = 24;
/** A flash chip answers within a few register accesses. */
const pollMax = 20;

/**
 * Asks the flash chip for its JEDEC id, through the chip's SPI controller.
 *
 * @source ESP32 technical reference manual, SPI controller, user mode; JEDEC JEP106
 */
export async function readFlashId(registers: Registers, spi: SpiRegisters): Promise<number> {
  const at = (offset: number): number => spi.base + offset;
  const oldUser = await registers.readRegister(at(spi.user));
  const oldUser2 = await registers.readRegister(at(spi.user2));
  if (spi.readLength === undefined) await registers.writeRegister(at(spi.user1), (readIdBits - 1) << 8);
  else await registers.writeRegister(at(spi.readLength), readIdBits - 1);
  await registers.writeRegister(at(spi.user), (userCommand | userRead) >>> 0);
  await registers.writeRegister(at(spi.user2), (7 << commandLengthShift) | readIdCommand);
  await registers.writeRegister(at(spi.data0), 0);
  await registers.writeRegister(spi.base, startUserCommand);
  for (let polls = 0; polls < pollMax; polls++) {
    if (((await registers.readRegister(spi.base)) & startUserCommand) === 0) break;
  }
  const id = await registers.readRegister(at(spi.data0));
  await registers.writeRegister(at(spi.user), oldUser);
  await registers.writeRegister(at(spi.user2), oldUser2);
  return id & 0xffffff;
}

/** Capacities that are not the power of two they look like. @source esptool 5.6, DETECTED_FLASH_SIZES */
const capacities: Readonly<Record<number, number>> = {
  0x32: 2 ** 18,
  0x33: 2 ** 19,
  0x34: 2 ** 20,
  0x35: 2 ** 21,
  0x36: 2 ** 22,
  0x37: 2 ** 23,
  0x38: 2 ** 24,
  0x39: 2 ** 25,
  0x3a: 2 ** 26,
  0x20: 2 ** 26,
  0x21: 2 ** 27,
  0x22: 2 ** 28,
};

/** Size that a flash id tells, in bytes. */
export function flashSizeOf(id: number): number | undefined {
  const capacity = id >>> 16;
  return capacities[capacity] ?? (capacity >= 0x12 && capacity <= 0x1c ? 2 ** capacity : undefined);
}
