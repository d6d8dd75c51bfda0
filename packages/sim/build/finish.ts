import type { InterpreterLayout } from "../src/vm/layout.ts";
import { knownModules, removedModules, removeModules } from "./builtin-modules.ts";
import { useChipErrno } from "./errno-numbers.ts";
import { internedNames } from "./interned-names.ts";

/** Sources of this step, by which its outcome is kept. */
export const finishSources = ["finish.ts", "builtin-modules.ts", "errno-numbers.ts", "interned-names.ts"];

/** Changes tables in the patched interpreter: takes the ways to the host out, and gives it the chip's error numbers. */
export function finishInterpreter(wasm: Uint8Array, layout: InterpreterLayout): Uint8Array {
  const numbered = useChipErrno(wasm);
  return removeModules(numbered, internedNames(numbered, layout, [...removedModules, ...knownModules]));
}
