/** Reads a chip's registers by address. */
export interface RegisterReader {
  readRegister(address: number): Promise<number>;
  /** Rate of the line, in bits a second; a chip's clock is told by what it divides to reach that. */
  readonly baudRate: number;
}

/** What a chip tells of itself. */
export interface ChipIdentity {
  /** Kind, package and revision as esptool prints them: `ESP32-D0WD-V3 (revision 3)`. */
  readonly description: string;
  readonly features: readonly string[];
  /** Six bytes, as eFuse holds them. */
  readonly mac: Uint8Array;
  /** Major number of the silicon * 100 + minor, as image headers demand it. */
  readonly revision: number;
  readonly crystalMhz: number;
}

/** Addresses of the SPI controller that the flash chip hangs on. */
export interface SpiRegisters {
  readonly base: number;
  /** Offsets from `base`. */
  readonly user: number;
  readonly user1: number;
  readonly user2: number;
  readonly data0: number;
  /** Undefined where `user1` holds the lengths. */
  readonly readLength: number | undefined;
}

/** A flasher stub: a program for the chip's RAM. */
export interface StubProgram {
  readonly entry: number;
  readonly segments: readonly { readonly address: number; readonly bytes: Uint8Array }[];
}

/** What is known of one kind of chip. */
export interface ChipTarget {
  /** `ESP32-S3`. */
  readonly name: string;
  /** `esp32s3`, as `--chip` and catalogues have it. */
  readonly key: string;
  /** Number in image headers. */
  readonly imageChipId: number;
  readonly bootloaderOffset: number;
  readonly spi: SpiRegisters;
  identify(registers: RegisterReader): Promise<ChipIdentity>;
  /** Whether the ROM talks over USB OTG, where it takes small blocks only. */
  usesUsbOtg(registers: RegisterReader): Promise<boolean>;
  /** @returns undefined for a chip that there is no stub for: its ROM is used then */
  stub(registers: RegisterReader): Promise<StubProgram | undefined>;
}

/**
 * The kinds of chips, handed in: tables and stubs come from a library that follows new chips, and a caller loads only what its
 * chip needs.
 */
export interface ChipCatalogue {
  /** By what stands at 0x40001000. */
  byMagic(magic: number): Promise<ChipTarget | undefined>;
  /** By the number that GET_SECURITY_INFO gives. */
  byImageChipId(id: number): Promise<ChipTarget | undefined>;
}

/** What the flash code cannot do in pure TypeScript, or not fast enough. */
export interface FlashTools {
  readonly chips: ChipCatalogue;
  readonly md5: (bytes: Uint8Array) => Uint8Array;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** zlib format; may work beside the caller. */
  readonly deflate: (bytes: Uint8Array) => Promise<Uint8Array>;
}
