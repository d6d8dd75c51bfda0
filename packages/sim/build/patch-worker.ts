import { parentPort, workerData } from "node:worker_threads";
import type { InterpreterLayout } from "../src/vm/layout.ts";
import { maximumPages, patchInterpreter } from "./patch.ts";
import { shareMemory } from "./shared-memory.ts";

/** What binaryen makes of the published interpreter. */
export interface PatchedInterpreter {
  readonly wasm: Uint8Array;
  readonly layout: InterpreterLayout;
}

const { wasm, layout } = patchInterpreter(workerData as Uint8Array);
const result: PatchedInterpreter = { wasm: shareMemory(wasm, maximumPages), layout };
parentPort?.postMessage(result);
