import type { ChipCatalogue, ChipIdentity, ChipTarget, RegisterReader, StubProgram } from "@espx/serial";
import type { ESPLoader } from "esptool-js";
import type { ROM } from "esptool-js/lib/targets/rom.js";

/** One chip of esptool-js: its table is loaded when a chip of that kind is met. */
interface ChipEntry {
  readonly key: string;
  readonly imageChipId: number;
  /** What stands at 0x40001000, revision by revision; newer chips are told by their id. */
  readonly magics: readonly number[];
  load(): Promise<ROM>;
}

const chips: readonly ChipEntry[] = [
  {
    key: "esp32",
    imageChipId: 0,
    magics: [0x00f01d83],
    load: async () => new (await import("esptool-js/lib/targets/esp32.js")).ESP32ROM(),
  },
  {
    key: "esp32s2",
    imageChipId: 2,
    magics: [0x000007c6],
    load: async () => new (await import("esptool-js/lib/targets/esp32s2.js")).ESP32S2ROM(),
  },
  {
    key: "esp32c3",
    imageChipId: 5,
    magics: [0x6921506f, 0x1b31506f, 0x4881606f, 0x4361606f],
    load: async () => new (await import("esptool-js/lib/targets/esp32c3.js")).ESP32C3ROM(),
  },
  {
    key: "esp32s3",
    imageChipId: 9,
    magics: [0x9],
    load: async () => new (await import("esptool-js/lib/targets/esp32s3.js")).ESP32S3ROM(),
  },
  {
    key: "esp32c2",
    imageChipId: 12,
    magics: [],
    load: async () => new (await import("esptool-js/lib/targets/esp32c2.js")).ESP32C2ROM(),
  },
  {
    key: "esp32c6",
    imageChipId: 13,
    magics: [],
    load: async () => new (await import("esptool-js/lib/targets/esp32c6.js")).ESP32C6ROM(),
  },
  {
    key: "esp32h2",
    imageChipId: 16,
    magics: [],
    load: async () => new (await import("esptool-js/lib/targets/esp32h2.js")).ESP32H2ROM(),
  },
  {
    key: "esp32p4",
    imageChipId: 18,
    magics: [],
    load: async () => new (await import("esptool-js/lib/targets/esp32p4.js")).ESP32P4ROM(),
  },
  {
    key: "esp32c61",
    imageChipId: 20,
    magics: [],
    load: async () => new (await import("esptool-js/lib/targets/esp32c61.js")).ESP32C61ROM(),
  },
  {
    key: "esp32c5",
    imageChipId: 23,
    magics: [],
    load: async () => new (await import("esptool-js/lib/targets/esp32c5.js")).ESP32C5ROM(),
  },
];

/** A stub as esptool-js ships it: base64 of its segments. */
export interface StubFile {
  readonly entry: number;
  readonly text: string;
  readonly text_start: number;
  readonly data?: string;
  readonly data_start?: number;
}

/** Loads a stub by the name of its file, which has no ending: `esp32`, `esp32p4-rev1`. */
export type LoadStub = (name: string) => Promise<StubFile | undefined>;

/** The tables and stubs of esptool-js; its connection, write loop and resets are not used. */
export function esptoolChips(loadStub: LoadStub): ChipCatalogue {
  return {
    byMagic: (magic) =>
      targetOf(
        chips.find(({ magics }) => magics.includes(magic)),
        loadStub,
      ),
    byImageChipId: (id) =>
      targetOf(
        chips.find(({ imageChipId }) => imageChipId === id),
        loadStub,
      ),
  };
}

async function targetOf(entry: ChipEntry | undefined, loadStub: LoadStub): Promise<ChipTarget | undefined> {
  if (entry === undefined) return undefined;
  const rom = await entry.load();
  const { SPI_REG_BASE: base, SPI_USR_OFFS: user, SPI_USR1_OFFS: user1, SPI_USR2_OFFS: user2 } = rom;
  return {
    name: rom.CHIP_NAME,
    key: entry.key,
    imageChipId: entry.imageChipId,
    bootloaderOffset: rom.BOOTLOADER_FLASH_OFFSET,
    spi: { base, user, user1, user2, data0: rom.SPI_W0_OFFS, readLength: rom.SPI_MISO_DLEN_OFFS },
    identify: (registers) => identify(rom, entry.key, registers),
    usesUsbOtg: async (registers) =>
      (await (rom.usesUsbOtg?.(asLoader(registers)) ?? rom.usingUsbOtg?.(asLoader(registers)))) ?? false,
    stub: (registers) => stubOf(rom, entry.key, registers, loadStub),
  };
}

/** The tables ask a loader for registers, the same eFuse word again and again, and for its rate to tell the crystal by. */
function asLoader(registers: RegisterReader): ESPLoader {
  const known = new Map<number, Promise<number>>();
  const loader = {
    readReg: (address: number) => {
      const value = known.get(address) ?? registers.readRegister(address);
      known.set(address, value);
      return value;
    },
    transport: { baudrate: registers.baudRate },
    debug: () => undefined,
    info: () => undefined,
  };
  return loader as unknown as ESPLoader;
}

async function identify(rom: ROM, key: string, registers: RegisterReader): Promise<ChipIdentity> {
  const loader = asLoader(registers);
  const mac = (await rom.readMac(loader)).split(":").map((byte) => Number.parseInt(byte, 16));
  return {
    description: await rom.getChipDescription(loader),
    features: (await rom.getChipFeatures(loader)).map((feature) => feature.trim()),
    mac: Uint8Array.from(mac),
    revision: await revisionOf(rom, key, loader),
    crystalMhz: await rom.getCrystalFreq(loader),
  };
}

/** Major number * 100 + minor; some tables have the ESP32's major number only, or both as one. */
async function revisionOf(rom: ROM, key: string, loader: ESPLoader): Promise<number> {
  if (key === "esp32") return ((await rom.getChipRevision?.(loader)) ?? 0) * 100 + (await esp32Minor(loader));
  const versions = rom as ROM & Versions;
  const [major, minor] = [await versions.getMajorChipVersion?.(loader), await versions.getMinorChipVersion?.(loader)];
  if (major !== undefined && minor !== undefined) return major * 100 + minor;
  return (await rom.getChipRevision?.(loader)) ?? 0;
}

interface Versions {
  getMajorChipVersion?(loader: ESPLoader): Promise<number>;
  getMinorChipVersion?(loader: ESPLoader): Promise<number>;
}

/** @source ESP32 technical reference manual, eFuse block 0, word 5, WAFER_VERSION_MINOR */
async function esp32Minor(loader: ESPLoader): Promise<number> {
  return ((await loader.readReg(0x3ff5a014)) >>> 24) & 3;
}

async function stubOf(
  rom: ROM,
  key: string,
  registers: RegisterReader,
  loadStub: LoadStub,
): Promise<StubProgram | undefined> {
  const isOldP4 = key === "esp32p4" && (await revisionOf(rom, key, asLoader(registers))) < 300;
  const file = await loadStub(isOldP4 ? "esp32p4-rev1" : key);
  if (file === undefined) return undefined;
  const segments = [{ address: file.text_start, bytes: bytesOf(file.text) }];
  if (file.data !== undefined && file.data_start !== undefined) {
    segments.push({ address: file.data_start, bytes: bytesOf(file.data) });
  }
  return { entry: file.entry, segments };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
