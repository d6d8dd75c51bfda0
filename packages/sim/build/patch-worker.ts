import { parentPort, workerData } from "node:worker_threads";
import type { InterpreterLayout } from "../src/vm/layout.ts";
import { maximumPages, patchInterpreter, type PatchOptions } from "./patch.ts";
import { shareMemory } from "./shared-memory.ts";

/** What the worker is given. */
export interface PatchTask extends PatchOptions {
  readonly source: Uint8Array;
}

/** What binaryen makes of the published interpreter. */
export interface PatchedInterpreter {
  readonly wasm: Uint8Array;
  readonly layout: InterpreterLayout;
}

const { source, spill } = workerData as PatchTask;
const { wasm, layout } = patchInterpreter(source, { spill });
const result: PatchedInterpreter = { wasm: shareMemory(wasm, maximumPages), layout };
parentPort?.postMessage(result);
