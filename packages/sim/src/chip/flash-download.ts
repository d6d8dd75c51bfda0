import { loaderFailure, type LoaderFailure } from "@espx/proto";
import { createInflate, type Inflate } from "node:zlib";
import { type FlashAccess, sectorBytes } from "./flash-memory.ts";
import { eraseMs, type FlashTiming, programMs } from "./flash-timing.ts";

/** What FLASH_BEGIN and FLASH_DEFL_BEGIN announce. */
export interface DownloadPlan {
  readonly offset: number;
  /** Bytes of flash that may change. */
  readonly sizeBytes: number;
  /** The stub erases each sector just before it writes there; the ROM has erased all before. */
  readonly erasesAhead: boolean;
  readonly isCompressed: boolean;
}

/** Where a download writes, and what that costs. */
export interface DownloadTarget {
  readonly flash: FlashAccess;
  readonly timing: FlashTiming;
  /** Lets the flash chip's time pass. */
  readonly spend: (ms: number) => Promise<void>;
}

/** One download into flash: blocks in order, written as they come. */
export class FlashDownload {
  readonly #plan: DownloadPlan;
  readonly #target: DownloadTarget;
  readonly #inflate: InflateStream | undefined;
  #nextBlock = 0;
  #written = 0;
  #erasedTo: number;

  constructor(plan: DownloadPlan, target: DownloadTarget) {
    this.#plan = plan;
    this.#target = target;
    this.#inflate = plan.isCompressed ? new InflateStream(plan.sizeBytes) : undefined;
    this.#erasedTo = plan.offset - (plan.offset % sectorBytes);
  }

  /**
   * Whether a block of that number is to be written now: `again` when it was written before and its answer was lost.
   *
   * Any other number is refused.
   */
  accepts(sequence: number): "next" | "again" | "wrong" {
    if (sequence === this.#nextBlock) return "next";
    return sequence === this.#nextBlock - 1 ? "again" : "wrong";
  }

  /** Writes the next block; answers why it could not. */
  async write(block: Uint8Array): Promise<LoaderFailure | undefined> {
    this.#nextBlock++;
    let bytes: Uint8Array | undefined = block;
    if (this.#inflate !== undefined) bytes = await this.#inflate.feed(block);
    if (bytes === undefined) return loaderFailure.deflateError;
    // The host fills its last block up with 0xff, which may reach behind what it announced.
    const wanted = bytes.subarray(0, Math.max(0, this.#plan.sizeBytes - this.#written));
    if (bytes.subarray(wanted.length).some((byte) => byte !== 0xff)) return loaderFailure.flashWriteError;
    const offset = this.#plan.offset + this.#written;
    this.#written += wanted.length;
    await this.#put(offset, wanted);
    return undefined;
  }

  /** Lets go of what an unfinished download holds. */
  close(): void {
    this.#inflate?.close();
  }

  async #put(offset: number, bytes: Uint8Array): Promise<void> {
    const { flash, timing, spend } = this.#target;
    const end = offset + bytes.length;
    let spentMs = 0;
    if (!this.#plan.erasesAhead && end > this.#erasedTo) {
      const length = Math.ceil((end - this.#erasedTo) / sectorBytes) * sectorBytes;
      flash.erase(this.#erasedTo, length);
      spentMs += eraseMs(timing, this.#erasedTo, length);
      this.#erasedTo += length;
    }
    flash.program(offset, bytes);
    await spend(spentMs + programMs(timing, offset, bytes.length));
  }
}

/** Inflates block by block; what does not inflate, or becomes more than was announced, ends it. */
class InflateStream {
  readonly #stream: Inflate = createInflate();
  readonly #leftBytes: () => number;
  #out: Uint8Array[] = [];
  #isBroken = false;

  constructor(sizeBytes: number) {
    let total = 0;
    this.#leftBytes = () => sizeBytes + sectorBytes - total;
    this.#stream.on("data", (bytes: Uint8Array) => {
      total += bytes.length;
      if (this.#leftBytes() < 0) this.#break();
      else this.#out.push(bytes);
    });
    this.#stream.on("error", () => this.#break());
  }

  async feed(block: Uint8Array): Promise<Uint8Array | undefined> {
    if (!this.#isBroken && !this.#stream.writableEnded) {
      await new Promise<void>((resolve) => {
        this.#stream.once("close", resolve);
        this.#stream.write(block, () => {
          this.#stream.off("close", resolve);
          resolve();
        });
      });
    }
    if (this.#isBroken) return undefined;
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    return bytes;
  }

  close(): void {
    this.#stream.destroy();
  }

  #break(): void {
    this.#isBroken = true;
    this.#stream.destroy();
  }
}
