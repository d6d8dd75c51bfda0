import type { FlashOperation } from "@espx/proto";
import type { FlashTiming } from "../chip/flash-timing.ts";
import type { WorkerContext } from "../worker/context.ts";
import { fileErrno, FlashRefusal } from "./file-errno.ts";
import { cutWord, type FlashCut, type FlashDone, type FlashSetup } from "./flash-messages.ts";
import { operationMs } from "./operation-time.ts";
import type { FlashStore } from "./flash-store.ts";

/** 2000-01-01 in seconds since 1970: where the clock of an ESP32 starts at power-on. */
const clockStartS = 946_684_800;

/**
 * The one way in which a running board changes its flash: each operation is applied here, counted, and told to the
 * host, whose tree is what survives. An armed power cut stops exactly at its operation.
 */
export class FlashJournal {
  readonly #context: WorkerContext;
  readonly #store: FlashStore;
  readonly #cut: Int32Array;
  readonly #timing: FlashTiming;
  #operations = 0;

  constructor(context: WorkerContext, store: FlashStore, { cut, timing }: Pick<FlashSetup, "cut" | "timing">) {
    this.#context = context;
    this.#store = store;
    this.#cut = new Int32Array(cut);
    this.#timing = timing;
  }

  /** How many were done. */
  get operations(): number {
    return this.#operations;
  }

  /** Whether the chip fails to change anything. */
  get isFailing(): boolean {
    return Atomics.load(this.#cut, cutWord.failing) !== 0;
  }

  /** Does one operation; 0, or `-errno` when the flash refuses it (then it does not count). */
  commit(operation: FlashOperation): number {
    if (this.isFailing) return -fileErrno.EIO;
    const mtimeS = clockStartS + Math.floor(this.#context.now() / 1000);
    try {
      this.#store.apply(operation, mtimeS);
    } catch (error) {
      if (error instanceof FlashRefusal) return -error.errno;
      throw error;
    }
    this.#operations++;
    this.#context.standStill(operationMs(this.#timing, operation));
    if (this.#cutIsDue()) this.#cutPower(operation);
    const done: FlashDone = { type: "flash-done", operation, mtimeS };
    this.#context.post(done);
    this.#context.spend();
    return 0;
  }

  #cutIsDue(): boolean {
    if (Atomics.load(this.#cut, cutWord.remaining) === 0) return false;
    return Atomics.sub(this.#cut, cutWord.remaining, 1) === 1;
  }

  /** The worker's own tree is ahead by this operation, but it dies here: the host's tree is what counts. */
  #cutPower(operation: FlashOperation): never {
    const tornBytes = Atomics.load(this.#cut, cutWord.tornBytes);
    const message: FlashCut = { type: "flash-cut", operation, tornBytes: tornBytes < 0 ? undefined : tornBytes };
    this.#context.post(message);
    return this.#context.stop({ kind: "cut" });
  }
}
