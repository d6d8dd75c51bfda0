import { createHash } from "node:crypto";
import type { SimBoardOptions } from "@espx/proto";
import type { ChipFaults } from "../chip/chip-faults.ts";
import type { LayoutName } from "../chip/flash-layout.ts";
import type { FirmwareTrailer } from "../chip/firmware-trailer.ts";

/** What a virtual board is made of, beyond what every simulator knows. */
export interface VirtualBoardOptions extends SimBoardOptions {
  /** A file of the host that keeps the board's flash between runs. */
  readonly stateFile?: string;
  /** Size of the whole flash chip, a power of two from 1 to 32 MiB; default 4 MiB, or what the file system needs. */
  readonly chipFlashBytes?: number;
  /** Partitions of the firmware it comes with: one application (default), or two that update each other. */
  readonly layout?: LayoutName;
  /** What the firmware it comes with says of itself. */
  readonly firmware?: Partial<FirmwareTrailer>;
  /** What is locked on the chip, or broken beside it. */
  readonly chipFaults?: ChipFaults;
  /**
   * `typical` lets erasing and writing take a flash chip's time, by programs in real and virtual time, by the serial loader in real time
   * only; default `none`.
   */
  readonly flashTiming?: "none" | "typical";
}

/** Heap of a program when the board starts; an ESP32 without PSRAM has about as much. */
export const defaultHeapBytes = 160 * 1024;

/** The first three bytes of addresses that Espressif gives to its chips. */
const espressif = [0x24, 0x0a, 0xc4];

/** An address that belongs to the name: the same in each run, another for each board. */
export function macOfName(name: string): Uint8Array {
  const digest = createHash("sha256").update(name).digest();
  return Uint8Array.of(...espressif, ...digest.subarray(0, 3));
}
