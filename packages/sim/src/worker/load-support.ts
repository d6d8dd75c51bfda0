import { InternalError } from "@espx/proto";
import type { Interpreter } from "../vm/interpreter.ts";
import type { PythonReference, PythonValue } from "../vm/values.ts";
import type { Dispatch } from "./machine/callback-queue.ts";
import { supportModules } from "./parts.ts";
import type { BootImage } from "./start-data.ts";
import { supportFolder } from "./support-files.ts";

/** Heap that the support modules may take, now or when a program first uses them; what they do not take is taken from programs all the same. */
export const supportHeapBytes = 96 * 1024;

/** What the host keeps of Python to run programs with. */
export interface Support {
  /** Runs a callback by its number. */
  readonly dispatch: Dispatch;
  /** Runs a file as `__main__`; what it raises comes back. */
  runFile(path: string): PythonValue;
}

/** The same, as the interpreter numbers it. */
export type SupportReferences = Omit<BootImage, "vm">;

/**
 * Loads the modules that stand in for the chip's, then takes away the way by which they reach the host, and leaves
 * programs a heap of `heapBytes`: on the chip these modules are in the firmware.
 *
 * @throws InternalError `sim/support-broken` with the traceback when one of them raises
 */
export function loadSupport(interpreter: Interpreter, heapBytes: number): SupportReferences {
  const run = (source: string): void => void succeeded(interpreter.execute(source));
  run(
    `import sys\nsys.path[:] = ["${supportFolder}"]\n${supportModules.map(({ file }) => `import ${file}`).join("\n")}`,
  );
  const board = reference(interpreter.import("_board"));
  const dispatch = reference(interpreter.attribute(board, "dispatch"));
  const execfile = reference(interpreter.attribute(reference(interpreter.import("builtins")), "execfile"));
  run(installSource);
  leaveFree(interpreter, board, heapBytes);
  return { dispatch: dispatch.reference, execfile: execfile.reference };
}

/** Makes the functions of loaded support modules callable. */
export function bindSupport(interpreter: Interpreter, { dispatch, execfile }: SupportReferences): Support {
  return {
    dispatch: (callback, argument) => void interpreter.call({ reference: dispatch }, callback, argument),
    runFile: (path) => interpreter.call({ reference: execfile }, path),
  };
}

/**
 * Takes what is free beyond `heapBytes` for good.
 *
 * @throws InternalError `sim/support-broken` when less is free than that
 */
function leaveFree(interpreter: Interpreter, board: PythonReference, heapBytes: number): void {
  const gc = reference(interpreter.import("gc"));
  succeeded(interpreter.call(reference(interpreter.attribute(gc, "collect"))));
  const free = interpreter.call(reference(interpreter.attribute(gc, "mem_free")));
  if (typeof free !== "number" || free < heapBytes) {
    throw new InternalError(
      "sim/support-broken",
      `the support modules leave ${JSON.stringify(free)} bytes of heap, expected ${heapBytes}`,
    );
  }
  succeeded(interpreter.call(reference(interpreter.attribute(board, "leave_free")), heapBytes));
}

/** Gives the modules their names, old ones with a "u" too, and the order of the import path that the chip has, and leaves no trace in `__main__`. */
const installSource = [
  "_m = sys.modules",
  ...supportModules.flatMap(({ file, name }) => {
    const taken = `_x = _m.pop("${file}")`;
    if (name === undefined) return [taken];
    const named = `_x.__name__ = "${name}"; del _x.__file__; _m["${name}"] = _x; _m["u${name}"] = _x`;
    return [`${taken}; ${named}`];
  }),
  `_m.pop("_host")`,
  `sys.path[:] = ["", ".frozen", "/lib"]`,
  `import gc; gc.collect()`,
  `for _x in list(globals()):\n    if _x not in ("__name__", "_x"): del globals()[_x]`,
  `del _x`,
].join("\n");

function reference(value: PythonValue): PythonReference {
  if (typeof value === "object" && "reference" in value) return value;
  succeeded(value);
  throw new InternalError(
    "sim/support-broken",
    `a support module has a ${typeof value} where it should have a function`,
  );
}

function succeeded(value: PythonValue): PythonValue {
  if (typeof value === "object" && "exception" in value) {
    throw new InternalError("sim/support-broken", `the support modules of the board do not load: ${value.text.trim()}`);
  }
  return value;
}
