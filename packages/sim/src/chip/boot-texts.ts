import type { EspImage } from "@espx/image";
import type { ResetCause } from "@espx/proto";
import type { ChipModel } from "./chip-model.ts";

/** Why the ROM runs; the last four are reasons of its own. */
export type RomReason = ResetCause | "brown-out" | "rom-watchdog" | "boot-loader" | "usb";

/** As the ESP32's ROM numbers and names its reasons, and as the newer chips' does. */
const reasons: Readonly<Record<RomReason, { readonly old: string; readonly new: string }>> = {
  "power-on": { old: "0x1 (POWERON_RESET)", new: "0x1 (POWERON)" },
  hard: { old: "0xc (SW_CPU_RESET)", new: "0xc (RTC_SW_CPU_RST)" },
  watchdog: { old: "0x7 (TG0WDT_SYS_RESET)", new: "0x7 (TG0WDT_SYS_RST)" },
  "deep-sleep": { old: "0x5 (DEEPSLEEP_RESET)", new: "0x5 (DSLEEP)" },
  soft: { old: "", new: "" },
  "brown-out": { old: "0xf (RTCWDT_BROWN_OUT_RESET)", new: "0xf (BROWNOUT_RST)" },
  "rom-watchdog": { old: "0x10 (RTCWDT_RTC_RESET)", new: "0x10 (RTCWDT_RTC_RST)" },
  "boot-loader": { old: "0x3 (SW_RESET)", new: "0x3 (RTC_SW_SYS_RST)" },
  usb: { old: "0x15 (USB_UART_CHIP_RESET)", new: "0x15 (USB_UART_CHIP_RESET)" },
};

const lineEnd = "\r\n";

/** What the ROM opens with; a soft reset does not pass through it. */
export function resetText(model: ChipModel, reason: RomReason, mode: keyof ChipModel["bootModes"]): string {
  const isOld = model.name === "esp32";
  const lines = [
    model.romBanner,
    ...(isOld ? [""] : []),
    `rst:${reasons[reason][isOld ? "old" : "new"]},${model.bootModes[mode]}`,
    ...(mode === "download" ? ["waiting for download"] : []),
  ];
  return lines.join(lineEnd) + lineEnd;
}

/** What the ROM says of a boot loader that it cannot start, and goes on saying until its watchdog bites. */
export function invalidHeaderText(firstWord: number): string {
  return `invalid header: 0x${hex(firstWord)}${lineEnd}`.repeat(8);
}

/** What the ROM says of a boot loader whose checksum is wrong. */
export const badChecksumText = `csum err:0x00!=0xef${lineEnd}ets_main.c 371 ${lineEnd}`;

const flashModes = ["QIO", "QOUT", "DIO", "DOUT"];
const clockDividers: Readonly<Record<number, number>> = { 0xf: 1, 0: 2, 1: 3, 2: 4 };

/** What the ROM says while it loads a boot loader. */
export function loadText(model: ChipModel, bootloader: EspImage): string {
  const isOld = model.name === "esp32";
  const { header, segments } = bootloader;
  const lines = [
    ...(isOld
      ? ["configsip: 0, SPIWP:0xee", "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00"]
      : ["SPIWP:0xee"]),
    `mode:${flashModes[header.flashMode] ?? "DIO"}, clock div:${clockDividers[header.flashFrequency] ?? 2}`,
    ...segments.map(
      ({ address, data }) => `load:0x${hex(address)},len:${isOld ? data.length : `0x${data.length.toString(16)}`}`,
    ),
    `entry 0x${hex(header.entry)}`,
  ];
  return lines.join(lineEnd) + lineEnd;
}

/** A line of the boot loader's log. */
export function errorText(tag: string, text: string): string {
  return `E (48) ${tag}: ${text}${lineEnd}`;
}

/** What an application that crashes leaves on the console before its reset. */
export const panicText = [
  "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
  "",
  "Core  0 register dump:",
  "PC      : 0x400d1234  PS      : 0x00060030  A0      : 0x800d5678  A1      : 0x3ffb2f10",
  "",
  "Rebooting...",
  "",
].join(lineEnd);

/** What an application leaves on the console when the supply dips. @source ESP-IDF 5.5, esp_hw_support/port/brownout.c */
export const brownOutText = new TextEncoder().encode("\r\nBrownout detector was triggered\r\n\r\n");

/** What the firmware says of a file system that is neither whole nor empty; it then goes on saying so. */
export function corruptText(firstSector: number, sectors: number): string {
  return [
    `The filesystem starting at sector ${firstSector} with size ${sectors} sectors appears to be corrupted.`,
    "If you had important data there, you may want to make a flash snapshot to try to recover it.",
    "Otherwise, perform factory reprogramming of MicroPython firmware (completely erase flash,",
    "followed by firmware programming).",
    "",
  ].join(lineEnd);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
