import { createHash } from "node:crypto";
import type { SimBoardOptions } from "@espx/proto";

/** What a virtual board is made of, beyond what every simulator knows. */
export interface VirtualBoardOptions extends SimBoardOptions {
  /** A file of the host that keeps the board's flash between runs. */
  readonly stateFile?: string;
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
