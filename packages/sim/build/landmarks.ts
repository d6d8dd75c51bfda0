import { InternalError } from "@espx/proto";
import type { InterpreterLayout } from "../src/vm/layout.ts";
import { callsOf, type WatModule } from "./wat.ts";

/** The places in the interpreter that the patch changes or uses, by their names in the text. */
export interface Landmarks {
  readonly gcCollect: string;
  readonly gcCollectStart: string;
  readonly gcCollectEnd: string;
  readonly gcMaxNewSplit: string;
  readonly stackPointer: string;
  /** Addresses of the range of Python's own stack, which a collection scans. */
  readonly pystackStart: number;
  readonly pystackCur: number;
  /** Address of the flag that the mark stack overflowed. */
  readonly gcStackOverflow: number;
  readonly layout: InterpreterLayout;
}

/**
 * Finds every landmark by its shape, since the module carries no names.
 *
 * @throws InternalError `sim/interpreter-unknown` naming the first one that is missing or found twice
 */
export function findLandmarks(wat: WatModule): Landmarks {
  const init = body(wat, exported(wat, "mp_js_init"));
  const depthDec =
    callsOf(body(wat, exported(wat, "mp_js_repl_process_char"))).at(-1) ?? missing("external_call_depth_dec");
  const [gcCollectStart, gcCollectEnd] = collectorCalls(body(wat, depthDec));
  const pendingFlag = first(body(wat, depthDec), /i32\.load8_u (?:\$\S+ )?offset=(\d+)/, "gc_collect_pending");
  const state = Number(first(body(wat, exported(wat, "mp_sched_keyboard_interrupt")), /offset=(\d+)/, "mp_state_ctx"));
  const threshold = Number(
    first(init, /i32\.store (?:\$\S+ )?offset=\d+\s+\(i32\.const (\d+)\)\s+\(i32\.const 1024\)/, "gc_alloc_threshold"),
  );
  const [pystackStart, pystackCur] = pystackRange(wat, init, state);
  return {
    gcCollect: onlyFunction(
      wat,
      new RegExp(
        String.raw`^\(func \$\S+(?: \(type \$\S+\))?\s+\(i32\.store8 (?:\$\S+ )?offset=${pendingFlag}\s+\(i32\.const 0\)\s+\(i32\.const 1\)\s+\)\s+\)$`,
      ),
      "gc_collect",
    ),
    gcCollectStart,
    gcCollectEnd,
    gcMaxNewSplit: onlyFunction(
      wat,
      /^\(func \$\S+(?: \(type \$\S+\))? \(result i32\)\s+\(i32\.const 134217728\)\s+\)$/,
      "gc_get_max_new_split",
    ),
    stackPointer: first(init, /\(global\.set \$(\S+)/, "__stack_pointer"),
    pystackStart,
    pystackCur,
    gcStackOverflow: state + overflowOffset(body(wat, gcCollectStart), threshold),
    layout: layoutAt(state, threshold),
  };
}

/** Offsets within MicroPython's state as version 1.27 lays it out. */
function layoutAt(state: number, threshold: number): InterpreterLayout {
  return {
    stackLimit: state + 4,
    pendingException: state + 40,
    keyboardException: state + 68,
    keyboardTraceback: state + 76,
    schedulerState: state + 252,
    gcThreshold: state + threshold,
  };
}

/** `gc_collect_start` and `gc_collect_end` are the first and the last function that a collection at top level calls. */
function collectorCalls(form: string): [string, string] {
  const calls = callsOf(form);
  const [start, end] = [calls[0], calls.at(-1)];
  if (start === undefined || end === undefined || start === end) return missing("gc_collect_start and gc_collect_end");
  return [start, end];
}

/** Python's stack is set up by the one callee of `mp_js_init` with two parameters and three stores. */
function pystackRange(wat: WatModule, init: string, state: number): [number, number] {
  const isPystackInit = (form: string): boolean =>
    form.includes("(param $0 i32) (param $1 i32)") && form.match(/i32\.store /g)?.length === 3;
  const found =
    callsOf(init)
      .map((name) => wat.functions.get(name) ?? "")
      .find(isPystackInit) ?? missing("mp_pystack_init");
  const stores = [...found.matchAll(/\(i32\.const (\d+)\)/g)].map((match) => Number(match[1])).sort((a, b) => a - b);
  const [start, , cur] = stores;
  if (start === undefined || cur === undefined) return missing("the pystack range");
  return [state + start, state + cur];
}

/** A collection starts by clearing two words: the bytes allocated, next to the threshold, and the overflow flag. */
function overflowOffset(gcCollectStart: string, threshold: number): number {
  const cleared = gcCollectStart.matchAll(
    /i32\.store (?:\$\S+ )?offset=\d+\s+\(i32\.const (\d+)\)\s+\(i32\.const 0\)/g,
  );
  const offset = [...cleared].map((match) => Number(match[1])).find((at) => at !== threshold - 4);
  return offset ?? missing("gc_stack_overflow");
}

function exported(wat: WatModule, name: string): string {
  return wat.exports.get(name) ?? missing(`the export ${name}`);
}

function body(wat: WatModule, name: string): string {
  return wat.functions.get(name) ?? missing(`the function ${name}`);
}

function first(form: string, pattern: RegExp, what: string): string {
  return pattern.exec(form)?.[1] ?? missing(what);
}

function onlyFunction(wat: WatModule, pattern: RegExp, what: string): string {
  const found = [...wat.functions].filter(([, form]) => pattern.test(form));
  const name = found[0]?.[0];
  return found.length === 1 && name !== undefined ? name : missing(`${what} (${found.length} candidates)`);
}

function missing(what: string): never {
  throw new InternalError("sim/interpreter-unknown", `the interpreter's wasm does not show ${what}`, {
    hint: "Pin the version of @micropython/micropython-webassembly-pyscript that this patch was written for.",
  });
}
