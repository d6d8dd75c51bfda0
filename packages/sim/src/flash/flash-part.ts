import { chipCalls } from "../chip/chip-part.ts";
import type { WorkerContext } from "../worker/context.ts";
import type { WorkerPart } from "../worker/worker-part.ts";
import { BoardFiles } from "./board-files.ts";
import { FlashRefusal } from "./file-errno.ts";
import { FlashJournal } from "./flash-journal.ts";
import type { FlashLimit, FlashPut, FlashSetup } from "./flash-messages.ts";
import { FlashStore } from "./flash-store.ts";
import { nvsCalls } from "./nvs-calls.ts";

/** The worker half of a board's flash: its files for the interpreter, and NVS for Python. */
export function makeFlashPart(context: WorkerContext): WorkerPart & { readonly fileSystem: BoardFiles } {
  const { snapshot, cut, timing } = context.setup<FlashSetup>("flash");
  const store = FlashStore.restore(snapshot);
  const journal = new FlashJournal(context, store, { cut, timing });
  context.on("flash-put", ({ path, content }: FlashPut) => putFromOutside(store, path, content));
  context.on("flash-limit", ({ freeBytes }: FlashLimit) => store.limitFree(freeBytes));
  const calls = { ...nvsCalls(context, store.nvs, journal), ...chipCalls(context, { store, journal, timing }) };
  return { calls, fileSystem: new BoardFiles(store, journal) };
}

/** The host has checked the change against its own tree; a program that was faster by a moment wins. */
function putFromOutside(store: FlashStore, path: string, content: Uint8Array | undefined): void {
  try {
    if (content === undefined) store.apply({ kind: "remove", path });
    else store.put(path, content);
  } catch (error) {
    if (!(error instanceof FlashRefusal)) throw error;
  }
}
