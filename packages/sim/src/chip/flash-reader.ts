import { createHash } from "node:crypto";
import type { FlashAccess } from "./flash-memory.ts";

/** What READ_FLASH asks for. */
export interface ReadPlan {
  readonly offset: number;
  readonly sizeBytes: number;
  /** Bytes of one packet. */
  readonly blockBytes: number;
  /** Packets that may be on the way without an acknowledgement. */
  readonly inFlight: number;
}

/** Largest packet that a stub sends. */
export const readBlockMax = 4096;

/** One READ_FLASH of the stub: packets as they are acknowledged, at the end the MD5 of all. */
export class FlashReader {
  readonly #plan: ReadPlan;
  readonly #flash: FlashAccess;
  readonly #send: (packet: Uint8Array) => void;
  readonly #md5 = createHash("md5");
  #sent = 0;

  constructor(plan: ReadPlan, flash: FlashAccess, send: (packet: Uint8Array) => void) {
    this.#plan = plan;
    this.#flash = flash;
    this.#send = send;
  }

  /**
   * Sends what may be on the way after `received` bytes arrived at the host.
   *
   * @returns whether all was sent and acknowledged; the MD5 has gone out then
   */
  advance(received: number): boolean {
    const { offset, sizeBytes, blockBytes, inFlight } = this.#plan;
    const acknowledged = Math.min(received, this.#sent);
    while (this.#sent < sizeBytes && this.#sent - acknowledged < blockBytes * inFlight) {
      const bytes = this.#flash.read(offset + this.#sent, Math.min(blockBytes, sizeBytes - this.#sent));
      this.#md5.update(bytes);
      this.#sent += bytes.length;
      this.#send(bytes);
    }
    if (acknowledged < sizeBytes) return false;
    this.#send(new Uint8Array(this.#md5.digest()));
    return true;
  }
}
