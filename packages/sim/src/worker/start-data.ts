import type { MessagePort } from "node:worker_threads";
import type { ResetCause } from "@espx/proto";
import type { FirmwareFacts } from "../chip/chip-messages.ts";
import type { InterpreterLayout } from "../vm/layout.ts";
import type { VmImage } from "../vm/vm-image.ts";

/** What a worker is started with: one boot of one board. */
export interface StartData {
  readonly port: MessagePort;
  /** The board's control block; in virtual time the schedule of the world, which has all of them. */
  readonly control: SharedArrayBuffer;
  /** Virtual time: the board's place in the schedule. */
  readonly seat: number | undefined;
  readonly module: WebAssembly.Module;
  readonly layout: InterpreterLayout;
  /** Sources of the modules that stand in for those of the chip, by module name. */
  readonly python: Readonly<Record<string, string>>;
  /** Heap that programs find free. */
  readonly heapBytes: number;
  /** The interpreter with its support modules loaded, from an earlier start; undefined at the first. */
  readonly image: BootImage | undefined;
  readonly mode: "real" | "virtual";
  /** When the world began: ms since 1970. */
  readonly beganMs: number;
  /** The board's clock at this start, µs; only virtual time needs it. */
  readonly startUs: number;
  readonly seed: number;
  readonly boot: BootFacts;
  /** What the host halves of the parts hand over, by their name. */
  readonly setups: Readonly<Record<string, unknown>>;
}

/** An interpreter with its support modules loaded. */
export interface BootImage {
  readonly vm: VmImage;
  /** References to Python's functions that the worker calls. */
  readonly dispatch: number;
  readonly execfile: number;
}

/** How a board came to start. */
export interface BootFacts {
  readonly cause: ResetCause;
  /** What `machine.wake_reason()` answers; 0: it did not sleep. */
  readonly wakeReason: number;
  /** The prompt was in raw mode before a soft reset: `main.py` is left out, and raw mode stays. */
  readonly rawRepl: boolean;
  readonly mac: Uint8Array;
  /** The board's clock when the chip itself started, µs; a soft reset does not change it. */
  readonly chipStartUs: number;
  /** The firmware that the boot loader found. */
  readonly firmware: FirmwareFacts;
}
