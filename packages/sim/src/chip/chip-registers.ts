import { type ChipFaults, esp32LockWords } from "./chip-faults.ts";
import type { ChipModel } from "./chip-model.ts";
import type { RtcWatchdog } from "./rtc-watchdog.ts";

/** What a register file must know of its chip. */
export interface RegisterOwner {
  readonly model: ChipModel;
  readonly mac: Uint8Array;
  readonly flashBytes: number;
  readonly faults: ChipFaults;
  readonly watchdog: RtcWatchdog;
  baudRate(): number;
  nowUs(): number;
}

/** Registers that a tool may write before the file is full; more are forgotten. */
const writtenMax = 4096;
const magicAddress = 0x40001000;
const crystalHz = 40_000_000;

/** Start of a user command, in the SPI controller's command register. */
const spiStart = 1 << 18;

/** The flash chip says who made it; what it holds is in the last byte, as a power of two. */
const gigaDevice = 0xc8;
const deviceType = 0x40;

/** What the flash chip answers to commands that tools send it through the SPI controller. */
const flashCommand = { readStatus: 0x05, readParameters: 0x5a, readId: 0x9f } as const;

/** "SFDP", the first word of the flash chip's parameter table. */
const parameterSignature = 0x50444653;

/**
 * Registers of a chip as READ_REG and WRITE_REG reach them: magic word, eFuses, UART divider, RTC watchdog, and the SPI controller,
 * which passes commands to the flash chip. All else reads as it was written, or 0.
 *
 * @source esptool 5.6, targets; the technical reference manuals' chapters on eFuse and SPI
 */
export class ChipRegisters {
  readonly #owner: RegisterOwner;
  readonly #fixed: ReadonlyMap<number, number>;
  readonly #written = new Map<number, number>();

  constructor(owner: RegisterOwner) {
    this.#owner = owner;
    this.#fixed = new Map([[magicAddress, owner.model.magic], ...efuseWords(owner)]);
  }

  read(address: number): number {
    const { registers } = this.#owner.model;
    if (address === registers.uartDivider) return Math.round(crystalHz / this.#owner.baudRate());
    if (address === registers.spi) return 0;
    return this.#owner.watchdog.read(address) ?? this.#fixed.get(address) ?? this.#written.get(address) ?? 0;
  }

  write(address: number, value: number, mask = 0xffffffff): void {
    const next = ((this.read(address) & ~mask) | (value & mask)) >>> 0;
    const { registers } = this.#owner.model;
    if (this.#owner.watchdog.write(address, next, this.#owner.nowUs())) return;
    if (address === registers.spi) {
      if ((next & spiStart) !== 0) this.#written.set(registers.spi + registers.spiDataOffset, this.#askFlash());
    } else if (this.#written.has(address) || this.#written.size < writtenMax) {
      this.#written.set(address, next);
    }
  }

  #askFlash(): number {
    const { spi, spiUser2Offset, spiAddressAtTop } = this.#owner.model.registers;
    const code = this.read(spi + spiUser2Offset) & 0xff;
    const written = this.read(spi + 4);
    const address = spiAddressAtTop ? written >>> 8 : written;
    switch (code) {
      case flashCommand.readId:
        return this.#owner.faults.flashId ?? gigaDevice | (deviceType << 8) | (Math.log2(this.#owner.flashBytes) << 16);
      case flashCommand.readParameters:
        return address === 0 ? parameterSignature : 0xff;
      case flashCommand.readStatus:
        return 0;
      default:
        return 0;
    }
  }
}

function efuseWords({ model, mac, faults }: RegisterOwner): (readonly [number, number])[] {
  const [a, b, c, d, e, f] = mac as unknown as [number, number, number, number, number, number];
  const low = ((c << 24) | (d << 16) | (e << 8) | f) >>> 0;
  const high = (a << 8) | b;
  const at = (word: number): number => model.registers.efuse + 4 * word;
  const [major, minor] = model.revision;
  if (model.name !== "esp32") {
    return [
      [at(0), low],
      [at(1), high],
      [at(3), (minor & 7) << 18],
      [at(5), ((minor >> 3) << 23) | (major << 24)],
    ];
  }
  return [...esp32Words(at, { low, high, mac, major, minor, faults })];
}

interface Esp32Facts {
  readonly low: number;
  readonly high: number;
  readonly mac: Uint8Array;
  readonly major: number;
  readonly minor: number;
  readonly faults: ChipFaults;
}

/** Bit of the APB control's date register that revision 3 has set. */
const apbDate = 0x3ff6607c;
/** Result of measuring the 8 MHz clock; with the eFuse word beside it, it says that the crystal has 40 MHz. */
const rtcCalibration = 0x3ff5f06c;

/** Package 1 is the ESP32-D0WD; a core of 240 MHz. The ESP32 spreads its major number over three places. */
function esp32Words(at: (word: number) => number, facts: Esp32Facts): (readonly [number, number])[] {
  const hasBits = [facts.major >= 1, facts.major >= 2, facts.major >= 3];
  const [encryption, boot] = esp32LockWords(facts.faults);
  return [
    [at(0), encryption],
    [at(6), boot],
    [at(1), facts.low],
    [at(2), ((crc8(facts.mac) << 16) | facts.high) >>> 0],
    [at(3), ((hasBits[0] ? 1 << 15 : 0) | (1 << 13) | (1 << 9)) >>> 0],
    [at(4), 50],
    [at(5), ((hasBits[1] ? 1 << 20 : 0) | (facts.minor << 24)) >>> 0],
    [apbDate, hasBits[2] ? 0x80000000 : 0],
    [rtcCalibration, 2048 << 7],
  ];
}

/** CRC-8 with the polynomial of Dallas and Maxim, as the eFuse keeps it beside the address. */
function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0x8c : crc >> 1;
  }
  return crc;
}
