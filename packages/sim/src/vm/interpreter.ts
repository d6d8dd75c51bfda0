import type { BoardFileSystem } from "./file-system.ts";
import { type BridgeCall, HostBridge } from "./host-bridge.ts";
import { jumpImports } from "./invoke.ts";
import type { InterpreterLayout } from "./layout.ts";
import { VmMemory } from "./memory.ts";
import { SystemCalls, type Terminal } from "./system-calls.ts";
import {
  exceptionAddress,
  type HostValue,
  type PythonReference,
  type PythonValue,
  readValue,
  valueBytes,
  writeValue,
} from "./values.ts";

/** Time and chance as the interpreter's own modules ask for them. */
export interface InterpreterClock {
  /** What `time.ticks_ms` counts; 32 bits are used. */
  ticksMs(): number;
  /** Milliseconds since 1970. */
  timeMs(): number;
  random32(): number;
}

/** What an interpreter is made of. */
export interface InterpreterOptions {
  readonly module: WebAssembly.Module;
  readonly layout: InterpreterLayout;
  readonly heapBytes: number;
  readonly files: BoardFileSystem;
  readonly terminal: Terminal;
  readonly clock: InterpreterClock;
  /** What Python finds as the module `_host` until it is taken away. */
  readonly calls: Readonly<Record<string, BridgeCall>>;
}

interface Exports {
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

/** The patched garbage collector needs room for the pointers that it spills. */
const stackBytes = 256 * 1024;
const stackReserveBytes = 8192;
const pystackWords = 4096;
const largestMemoryBytes = 1024 * 65536;
const pageBytes = 65536;

/** A MicroPython interpreter with its own memory. All calls are synchronous and may nest through host calls. */
export class Interpreter {
  readonly memory: VmMemory;
  readonly #exports: Exports;
  readonly #system: SystemCalls;

  constructor(options: InterpreterOptions) {
    let exports: Exports | undefined;
    let memory: VmMemory | undefined;
    const ready = <T>(value: T | undefined): T => {
      if (value === undefined) throw new Error("the interpreter is not loaded yet");
      return value;
    };
    const bridge = new HostBridge(options.calls, {
      memory: () => ready(memory),
      release: (reference) => ready(exports).proxy_c_free_obj(reference),
    });
    const system = new SystemCalls(() => ready(memory), options.files, options.terminal);
    this.#system = system;
    const instance = new WebAssembly.Instance(options.module, {
      env: {
        ...bridge.imports(),
        ...system.environment(),
        ...jumpImports(() => jumpExports(ready(exports))),
        mp_js_ticks_ms: () => options.clock.ticksMs(),
        mp_js_time_ms: () => options.clock.timeMs(),
        mp_js_random_u32: () => options.clock.random32(),
        emscripten_resize_heap: (sizeBytes: number) => grow(ready(exports).memory, sizeBytes),
        _abort_js: abort,
      },
      wasi_snapshot_preview1: system.wasi(),
    });
    this.#exports = exports = instance.exports as unknown as Exports;
    this.memory = memory = new VmMemory(exports.memory, exports.malloc);
    this.#start(options);
    this.#withString("_host", (name) =>
      this.#withValue((value) => (bridge.writeTable(value), this.#exports.mp_js_register_js_module(name, value))),
    );
  }

  /** Runs `source` as the body of `__main__`. */
  execute(source: string): PythonValue {
    return this.#withString(source, (address, length) =>
      this.#result((out) => this.#exports.mp_js_do_exec(address, length, out)),
    );
  }

  import(name: string): PythonValue {
    return this.#withString(name, (address) => this.#result((out) => this.#exports.mp_js_do_import(address, out)));
  }

  attribute({ reference }: PythonReference, name: string): PythonValue {
    return this.#withString(name, (address) =>
      this.#result((out) => this.#exports.proxy_c_to_js_lookup_attr(reference, address, out)),
    );
  }

  call({ reference }: PythonReference, ...args: readonly HostValue[]): PythonValue {
    const address = this.#exports.malloc(valueBytes * args.length + 1);
    args.forEach((value, index) => writeValue(this.memory, address + valueBytes * index, value));
    const result = this.#result((out) => this.#exports.proxy_c_to_js_call(reference, args.length, address, out));
    this.#exports.free(address);
    return result;
  }

  release({ reference }: PythonReference): void {
    this.#exports.proxy_c_free_obj(reference);
  }

  /** Starts the interpreter's own friendly prompt; prints its banner. */
  startPrompt(): void {
    this.#exports.mp_js_repl_init();
  }

  /** Feeds one byte to the prompt; runs what it completes. True when it asks for a soft reset. */
  feedPrompt(byte: number): boolean {
    return this.#exports.mp_js_repl_process_char(byte) !== 0;
  }

  /** Closes the files that programs left open, as the end of an interpreter does. */
  closeFiles(): void {
    this.#system.closeAll();
  }

  #start({ layout, heapBytes }: InterpreterOptions): void {
    const exports = this.#exports;
    exports.emscripten_stack_init();
    exports.__wasm_call_ctors();
    const top = (exports.malloc(stackBytes) + stackBytes) & ~15;
    exports._emscripten_stack_restore(top);
    exports.gc_stack_top.value = top;
    exports.mp_js_init(pystackWords, heapBytes);
    this.memory.setU32(layout.stackLimit, stackBytes - stackReserveBytes);
    this.memory.view.setInt32(layout.gcThreshold, -1, true);
    exports.proxy_c_init();
  }

  #result(run: (out: number) => void): PythonValue {
    return this.#withValue((out) => {
      run(out);
      const value = readValue(this.memory, out);
      const text = exceptionAddress(this.memory, out);
      if (text !== undefined) this.#exports.free(text);
      return value;
    });
  }

  #withValue<T>(use: (address: number) => T): T {
    const address = this.#exports.malloc(valueBytes);
    try {
      return use(address);
    } finally {
      this.#exports.free(address);
    }
  }

  #withString<T>(text: string, use: (address: number, length: number) => T): T {
    const { address, length } = this.memory.newString(text);
    try {
      return use(address, length);
    } finally {
      this.#exports.free(address);
    }
  }
}

function jumpExports(exports: Exports) {
  return {
    table: exports.__indirect_function_table,
    setThrew: exports.setThrew,
    stackPointer: exports.emscripten_stack_get_current,
    restoreStack: exports._emscripten_stack_restore,
  };
}

function grow(memory: WebAssembly.Memory, sizeBytes: number): number {
  if (sizeBytes > largestMemoryBytes) return 0;
  memory.grow(Math.ceil((sizeBytes - memory.buffer.byteLength) / pageBytes));
  return 1;
}

function abort(): never {
  throw new Error("the interpreter aborted");
}
