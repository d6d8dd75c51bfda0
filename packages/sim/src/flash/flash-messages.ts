import type { FlashOperation } from "@espx/proto";
import type { FlashTiming } from "../chip/flash-timing.ts";
import type { FlashSnapshot } from "./flash-snapshot.ts";

/** What the worker half of the flash starts from. */
export interface FlashSetup {
  readonly snapshot: FlashSnapshot;
  /** {@link CutWords}; shared, so that a cut can be armed while the program never waits. */
  readonly cut: SharedArrayBuffer;
  readonly timing: FlashTiming;
}

/** Words of {@link FlashSetup.cut}: operations until the power goes (0: not armed), torn bytes (-1: clean), and 1 when all fail. */
export const cutWord = { remaining: 0, tornBytes: 1, failing: 2 } as const;

/** Worker to host. */
export interface FlashDone {
  readonly type: "flash-done";
  readonly operation: FlashOperation;
  readonly mtimeS: number;
}

/** Worker to host: the armed cut was reached, `operation` did not happen, or left its first bytes. */
export interface FlashCut {
  readonly type: "flash-cut";
  readonly operation: FlashOperation;
  /** Undefined: nothing of it happened. */
  readonly tornBytes: number | undefined;
}

/** Host to worker: a file changed from outside the board; undefined content removes it. */
export interface FlashPut {
  readonly type: "flash-put";
  readonly path: string;
  readonly content: Uint8Array | undefined;
}

/** Host to worker: the `flash-full` fault; see `FlashStore.limitFree`. */
export interface FlashLimit {
  readonly type: "flash-limit";
  readonly freeBytes: number | null;
}
