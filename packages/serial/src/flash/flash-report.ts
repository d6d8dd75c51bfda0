import type { ChipIdentity, ChipTarget } from "./chip-catalogue.ts";
import type { ChipSecurity } from "./security.ts";
import type { FlashChip } from "./spi-flash.ts";

/** A chip and the flash beside it, as they told of themselves. */
export interface ChipFacts {
  readonly target: ChipTarget;
  /** Undefined in Secure Download Mode, where the chip tells nothing. */
  readonly identity: ChipIdentity | undefined;
  readonly security: ChipSecurity;
  readonly flash: FlashChip;
}

/** How far something has come. */
export interface FlashProgress {
  readonly phase: "compare" | "write" | "read";
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Bytes that went over the line for it, compressed. */
  readonly sentBytes: number;
}

export interface FlashWorkOptions {
  readonly onProgress?: ((progress: FlashProgress) => void) | undefined;
}

/** What was done to flash. */
export interface FlashReport {
  readonly writtenBytes: number;
  readonly erasedBytes: number;
  readonly unchangedBytes: number;
  /** Compressed content that went over the line, what was sent twice included. */
  readonly sentBytes: number;
  /** How often the work was taken up again after a fault. */
  readonly resumed: number;
}
