import type { ResetCause } from "@espx/proto";

/** The day this interpreter was released; a firmware's banner shows the day of its build. */
const buildDate = "2025-12-09";

/** What the firmware calls the board. */
const machineName = "Generic ESP32 module with ESP32";

/** What the friendly prompt opens with. */
export const banner = `MicroPython v1.27.0 on ${buildDate}; ${machineName}\r\nType "help()" for more information.\r\n`;

export const softRebootText = "MPY: soft reboot\r\n";

/** Reset reasons as the ROM numbers and names them. */
const romReasons: Readonly<Record<ResetCause, string>> = {
  "power-on": "0x1 (POWERON_RESET)",
  hard: "0xc (SW_CPU_RESET)",
  watchdog: "0x7 (TG0WDT_SYS_RESET)",
  "deep-sleep": "0x5 (DEEPSLEEP_RESET)",
  soft: "",
};

/** What the ROM and the boot loader print before the firmware starts; a soft reset does not pass through them. */
export function romText(cause: ResetCause): string {
  if (cause === "soft") return "";
  return [
    "ets Jul 29 2019 12:21:46",
    "",
    `rst:${romReasons[cause]},boot:0x13 (SPI_FAST_FLASH_BOOT)`,
    "configsip: 0, SPIWP:0xee",
    "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00",
    "mode:DIO, clock div:2",
    "load:0x3fff0030,len:4832",
    "load:0x40078000,len:16460",
    "load:0x40080400,len:4",
    "load:0x40080404,len:3504",
    "entry 0x400805cc",
    "",
  ].join("\r\n");
}
