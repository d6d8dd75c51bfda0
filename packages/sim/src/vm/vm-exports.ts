/** What the patched interpreter exports; addresses and lengths are in its memory, values are three words. */
export interface VmExports {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  readonly gc_stack_top: WebAssembly.Global;
  readonly malloc: (sizeBytes: number) => number;
  readonly free: (address: number) => void;
  readonly setThrew: (threw: number, value: number) => void;
  readonly emscripten_stack_init: () => void;
  readonly emscripten_stack_get_current: () => number;
  readonly _emscripten_stack_restore: (stackPointer: number) => void;
  readonly __wasm_call_ctors: () => void;
  readonly mp_js_init: (pystackWords: number, heapBytes: number) => void;
  readonly mp_js_register_js_module: (name: number, value: number) => void;
  readonly mp_js_do_import: (name: number, out: number) => void;
  readonly mp_js_do_exec: (source: number, length: number, out: number) => void;
  readonly mp_js_repl_init: () => void;
  readonly mp_js_repl_process_char: (char: number) => number;
  readonly proxy_c_init: () => void;
  readonly proxy_c_free_obj: (reference: number) => void;
  readonly proxy_c_to_js_call: (reference: number, count: number, args: number, out: number) => void;
  readonly proxy_c_to_js_lookup_attr: (reference: number, name: number, out: number) => void;
}
