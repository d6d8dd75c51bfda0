import { parentPort, workerData } from "node:worker_threads";
import type { InterpreterLayout } from "../src/vm/layout.ts";
import { knownModules, removedModules, removeModules } from "./builtin-modules.ts";
import { useChipErrno } from "./errno-numbers.ts";
import { internedNames } from "./interned-names.ts";
import { maximumPages, patchInterpreter } from "./patch.ts";
import { shareMemory } from "./shared-memory.ts";

/** What the patch makes of the published interpreter. */
export interface PatchedInterpreter {
  readonly wasm: Uint8Array;
  readonly layout: InterpreterLayout;
}

const { wasm, layout } = patchInterpreter(workerData as Uint8Array);
const shared = useChipErrno(shareMemory(wasm, maximumPages));
const names = internedNames(shared, layout, [...removedModules, ...knownModules]);
const result: PatchedInterpreter = { wasm: removeModules(shared, names), layout };
parentPort?.postMessage(result);
