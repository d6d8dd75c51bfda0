import type { RtcWatchdogPlaces } from "./rtc-watchdog.ts";

/** The chips that a virtual board can have. */
export type ChipName = "esp32" | "esp32s3" | "esp32c3";

/** Where a chip keeps what a tool reads and writes by address. */
interface RegisterPlaces {
  /** First word of eFuse block 0 on the ESP32, of block 1 on the others; what lies there is in `efuses.ts`. */
  readonly efuse: number;
  /** SPI controller of the flash. */
  readonly spi: number;
  readonly spiUser2Offset: number;
  readonly spiDataOffset: number;
  readonly spiAddressAtTop: boolean;
  readonly uartDivider: number;
  /** Undefined where no tool resets the chip by it. */
  readonly rtcWatchdog: RtcWatchdogPlaces | undefined;
}

/** What one chip has of its own, as far as tools and people see it. */
export interface ChipModel {
  readonly name: ChipName;
  /** As esptool prints it. */
  readonly title: string;
  /** Number in image headers. */
  readonly imageChipId: number;
  /** What stands at 0x40001000; chips that have GET_SECURITY_INFO are known by that instead. */
  readonly magic: number;
  readonly hasSecurityInfo: boolean;
  /** Major and minor number of the silicon. */
  readonly revision: readonly [number, number];
  /** Where the ROM looks for a boot loader. */
  readonly bootloaderOffset: number;
  /** The pin that must be low when EN rises for download mode. */
  readonly bootPin: number;
  readonly registers: RegisterPlaces;
  /** Start addresses of code and of constants in mapped flash, of code and of data in RAM. */
  readonly memory: {
    readonly code: number;
    readonly constants: number;
    readonly ramCode: number;
    readonly ramData: number;
  };
  /** First line of the ROM. */
  readonly romBanner: string;
  /** What the ROM calls its boot modes. */
  readonly bootModes: { readonly flash: string; readonly download: string };
  /** What MicroPython calls a board with this chip, and its build. */
  readonly machine: string;
  readonly build: string;
}

const newSpi = { spi: 0x60002000, spiUser2Offset: 0x20, spiDataOffset: 0x58, spiAddressAtTop: false } as const;

/** @source esptool 5.6, targets; ROM texts as boards print them */
export const chipModels: Readonly<Record<ChipName, ChipModel>> = {
  esp32: {
    name: "esp32",
    title: "ESP32",
    imageChipId: 0,
    magic: 0x00f01d83,
    hasSecurityInfo: false,
    revision: [3, 1],
    bootloaderOffset: 0x1000,
    bootPin: 0,
    registers: {
      efuse: 0x3ff5a000,
      spi: 0x3ff42000,
      spiUser2Offset: 0x24,
      spiDataOffset: 0x80,
      spiAddressAtTop: true,
      uartDivider: 0x3ff40014,
      rtcWatchdog: undefined,
    },
    memory: { code: 0x400d0000, constants: 0x3f400000, ramCode: 0x40080000, ramData: 0x3ffb0000 },
    romBanner: "ets Jul 29 2019 12:21:46",
    bootModes: {
      flash: "boot:0x13 (SPI_FAST_FLASH_BOOT)",
      download: "boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))",
    },
    machine: "Generic ESP32 module with ESP32",
    build: "ESP32_GENERIC",
  },
  esp32s3: {
    name: "esp32s3",
    title: "ESP32-S3",
    imageChipId: 9,
    magic: 0x9,
    hasSecurityInfo: true,
    revision: [0, 2],
    bootloaderOffset: 0,
    bootPin: 0,
    registers: {
      ...newSpi,
      efuse: 0x60007044,
      uartDivider: 0x60000014,
      rtcWatchdog: { configuration: 0x60008098, timeout: 0x6000809c, protection: 0x600080b0 },
    },
    memory: { code: 0x42000000, constants: 0x3c000000, ramCode: 0x40374000, ramData: 0x3fc90000 },
    romBanner: "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021",
    bootModes: { flash: "boot:0x8 (SPI_FAST_FLASH_BOOT)", download: "boot:0x0 (DOWNLOAD(USB/UART0))" },
    machine: "Generic ESP32S3 module with ESP32S3",
    build: "ESP32_GENERIC_S3",
  },
  esp32c3: {
    name: "esp32c3",
    title: "ESP32-C3",
    imageChipId: 5,
    magic: 0x1b31506f,
    hasSecurityInfo: true,
    revision: [0, 4],
    bootloaderOffset: 0,
    bootPin: 9,
    registers: {
      ...newSpi,
      efuse: 0x60008844,
      uartDivider: 0x60000014,
      rtcWatchdog: { configuration: 0x60008090, timeout: 0x60008094, protection: 0x600080a8 },
    },
    memory: { code: 0x42000000, constants: 0x3c000000, ramCode: 0x40380000, ramData: 0x3fc90000 },
    romBanner: "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021",
    bootModes: { flash: "boot:0xd (SPI_FAST_FLASH_BOOT)", download: "boot:0x5 (USB_DOWNLOAD)" },
    machine: "Generic ESP32C3 module with ESP32C3",
    build: "ESP32_GENERIC_C3",
  },
};
