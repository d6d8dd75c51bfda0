import binaryen from "binaryen";
import { InternalError } from "@espx/proto";
import type { InterpreterLayout } from "../src/vm/layout.ts";
import { findLandmarks, type Landmarks } from "./landmarks.ts";
import { functionName, parseWat, type WatModule } from "./wat.ts";

/** Linear memory of one board never grows beyond this; pages of 64 KiB. */
export const maximumPages = 1024;

export interface PatchOptions {
  readonly spill: boolean;
}

/**
 * Makes the published interpreter one that can be a board: it collects garbage while code runs, keeps a fixed heap,
 * and has its C stack where the loader puts it.
 *
 * Collecting while code runs needs every pointer in linear memory: binaryen's `spill-pointers` puts those that live
 * across a call there, but leaves out indirect calls, so each of these becomes a direct call to a thunk first.
 *
 * @param options - spill: false leaves that out, which breaks the collector: tests of it must notice
 */
export function patchInterpreter(
  source: Uint8Array,
  { spill }: PatchOptions,
): {
  readonly wasm: Uint8Array;
  readonly layout: InterpreterLayout;
} {
  const wat = parseWat(textOf(source));
  const landmarks = findLandmarks(wat);
  const module = binaryen.parseText(patchText(wat, landmarks));
  module.setFeatures(features);
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(1);
  module.runPasses(spill ? spillPasses : spillPasses.filter((pass) => pass !== "spill-pointers"));
  module.runPasses(tidyPasses);
  if (module.validate() === 0) {
    throw new InternalError("sim/interpreter-unknown", "the patched interpreter is not a valid module");
  }
  const wasm = module.emitBinary();
  module.dispose();
  return { wasm, layout: landmarks.layout };
}

const { Features } = binaryen;
const features =
  Features.MutableGlobals |
  Features.BulkMemory |
  Features.BulkMemoryOpt |
  Features.SignExt |
  Features.NontrappingFPToInt |
  Features.Multivalue |
  Features.ReferenceTypes |
  Features.Atomics;

const spillPasses = ["flatten", "simplify-locals-nonesting", "coalesce-locals", "reorder-locals", "spill-pointers"];

const tidyPasses = [
  "simplify-locals",
  "coalesce-locals",
  "vacuum",
  "merge-blocks",
  "remove-unused-brs",
  "remove-unused-names",
  "precompute",
  "optimize-instructions",
  "simplify-locals",
  "reorder-locals",
  "coalesce-locals",
  "vacuum",
];

function textOf(source: Uint8Array): string {
  const module = binaryen.readBinary(source);
  module.setFeatures(features);
  const text = module.emitText();
  module.dispose();
  return text;
}

function patchText(wat: WatModule, landmarks: Landmarks): string {
  const tableByType = new Map<string, string>();
  const forms = wat.forms.map((form) => {
    const name = functionName(form);
    if (name === landmarks.gcCollect) return collectForm(landmarks);
    if (name === landmarks.gcMaxNewSplit) return `(func $${name} (result i32) (i32.const 0))`;
    return directCalls(form, tableByType);
  });
  for (const [type, table] of tableByType) forms.push(thunkForm(type, table, wat.types.get(type) ?? ""));
  forms.push(`(global $gc_stack_top (mut i32) (i32.const 65536))`, `(export "gc_stack_top" (global $gc_stack_top))`);
  return nameStackPointer(`(module\n${forms.join("\n")}\n)`, landmarks.stackPointer);
}

/**
 * A collection: marking is run a second time with the range of Python's own stack set to the C stack, since the
 * function that marks a range is inlined where it is used.
 */
function collectForm(landmarks: Landmarks): string {
  const { gcCollect, gcCollectStart, gcCollectEnd, gcStackOverflow, pystackStart, pystackCur } = landmarks;
  return `(func $${gcCollect} (local $start i32) (local $cur i32) (local $overflow i32)
    (call $${gcCollectStart})
    (local.set $overflow (i32.load (i32.const ${gcStackOverflow})))
    (local.set $start (i32.load (i32.const ${pystackStart})))
    (local.set $cur (i32.load (i32.const ${pystackCur})))
    (i32.store (i32.const ${pystackStart}) (global.get $__stack_pointer))
    (i32.store (i32.const ${pystackCur}) (global.get $gc_stack_top))
    (call $${gcCollectStart})
    (i32.store (i32.const ${pystackStart}) (local.get $start))
    (i32.store (i32.const ${pystackCur}) (local.get $cur))
    (i32.store (i32.const ${gcStackOverflow})
      (i32.or (local.get $overflow) (i32.load (i32.const ${gcStackOverflow}))))
    (call $${gcCollectEnd}))`;
}

function directCalls(form: string, tableByType: Map<string, string>): string {
  return form.replace(/\(call_indirect (\$\S+) \(type \$(\S+)\)/g, (_, table: string, type: string) => {
    tableByType.set(type, table);
    return `(call $call_by_${type}`;
  });
}

function thunkForm(type: string, table: string, signature: string): string {
  const params = (/\(param ([^)]*)\)/.exec(signature)?.[1] ?? "").split(/\s+/).filter((param) => param !== "");
  const result = /\(result [^)]*\)/.exec(signature)?.[0] ?? "";
  const all = [...params, "i32"];
  const gets = all.map((_, index) => `(local.get ${index})`).join(" ");
  return `(func $call_by_${type} (param ${all.join(" ")}) ${result} (call_indirect ${table} (type $${type}) ${gets}))`;
}

/** `spill-pointers` finds the stack pointer by this name only. */
function nameStackPointer(text: string, global: string): string {
  return text.replaceAll(
    new RegExp(String.raw`\$${global.replaceAll("$", String.raw`\$`)}(?=[\s)])`, "g"),
    "$__stack_pointer",
  );
}
