import type { Partition } from "@espx/image";

/** What the worker half of the chip starts from. */
export interface ChipSetup {
  readonly sizeBytes: number;
  /** Blocks of the flash in shared memory, undefined where it is erased; they do not change while they are shared. */
  readonly blocks: readonly (Uint8Array | undefined)[];
  readonly partitions: readonly Partition[];
  /** Name of the partition that was started. */
  readonly running: string;
  /** Kinds of views whose bytes in `blocks` are those of the board's files. */
  readonly viewsInStep: readonly string[];
  readonly chipId: number;
}

/** Worker to host: bytes were programmed. */
export interface ChipProgram {
  readonly type: "chip-program";
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Worker to host: sectors were erased. */
export interface ChipErase {
  readonly type: "chip-erase";
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The firmware that a boot runs. */
export interface FirmwareFacts {
  readonly version: string;
  readonly absentModules: readonly string[];
  /** What it calls the board, and its own build. */
  readonly machine: string;
  readonly build: string;
  /** What ROM and boot loader printed on the way to it. */
  readonly romText: string;
}
