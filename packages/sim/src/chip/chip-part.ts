import type { FlashJournal } from "../flash/flash-journal.ts";
import type { FlashStore } from "../flash/flash-store.ts";
import type { HostCalls, WorkerContext } from "../worker/context.ts";
import { ChipFlash } from "./chip-flash.ts";
import type { ChipErase, ChipProgram, ChipSetup } from "./chip-messages.ts";
import { eraseMs, type FlashTiming, programMs } from "./flash-timing.ts";
import { type FlashAccess, FlashMemory } from "./flash-memory.ts";
import { partitionCalls } from "./partition-calls.ts";

/** The files of the running board, which it changes while the bytes of their partition wait to be asked for. */
export interface RunningFiles {
  readonly store: FlashStore;
  readonly journal: FlashJournal;
  readonly timing: FlashTiming;
}

/** The worker half of the chip: its flash as Python reaches it, changed here and told to the host. */
export function chipCalls(context: WorkerContext, files: RunningFiles): HostCalls {
  const setup = context.setup<ChipSetup>("chip");
  return partitionCalls(context, setup, new RunningFlash(context, setup, files), () => files.journal.isFailing);
}

class RunningFlash implements FlashAccess {
  readonly #context: WorkerContext;
  readonly #flash: ChipFlash;
  readonly #timing: FlashTiming;

  constructor(context: WorkerContext, setup: ChipSetup, { store, journal, timing }: RunningFiles) {
    this.#context = context;
    this.#timing = timing;
    const tree = {
      get versions() {
        return { vfs: journal.operations, nvs: journal.operations };
      },
      snapshot: () => store.snapshot(),
      // A running board keeps its files: what was written under them shows at the next start.
      replaceFiles: () => {},
      replaceNvs: () => {},
    };
    this.#flash = new ChipFlash(new FlashMemory(setup.sizeBytes, setup.blocks), tree, { inStep: setup.viewsInStep });
  }

  get sizeBytes(): number {
    return this.#flash.sizeBytes;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#flash.read(offset, length);
  }

  program(offset: number, bytes: Uint8Array): void {
    this.#flash.program(offset, bytes);
    this.#context.standStill(programMs(this.#timing, offset, bytes.length));
    const message: ChipProgram = { type: "chip-program", offset, bytes };
    this.#context.post(message);
  }

  erase(offset: number, sizeBytes: number): void {
    this.#flash.erase(offset, sizeBytes);
    this.#context.standStill(eraseMs(this.#timing, offset, sizeBytes));
    const message: ChipErase = { type: "chip-erase", offset, sizeBytes };
    this.#context.post(message);
  }
}
