import type { InterpreterOptions } from "./interpreter-options.ts";
import type { VmMemory } from "./memory.ts";
import {
  exceptionAddress,
  type HostValue,
  type PythonReference,
  type PythonValue,
  readValue,
  valueBytes,
  writeValue,
} from "./values.ts";
import type { VmExports } from "./vm-exports.ts";
import { copyMemory, type VmImage } from "./vm-image.ts";
import { instantiate, type VmInstance } from "./vm-instance.ts";
import { startFresh, startFrom } from "./vm-start.ts";

/** A MicroPython interpreter with its own memory. All calls are synchronous and may nest through host calls. */
export class Interpreter {
  readonly memory: VmMemory;
  readonly #exports: VmExports;
  readonly #instance: VmInstance;

  constructor(options: InterpreterOptions) {
    this.#instance = instantiate(options);
    this.#exports = this.#instance.exports;
    this.memory = this.#instance.memory;
    if (options.image === undefined) startFresh(this.#instance, options);
    else startFrom(options.image, this.#instance);
  }

  /** What it takes to go on from here in another interpreter; no Python code may be running. */
  image(): VmImage {
    const stackTop = this.#exports.emscripten_stack_get_current();
    return { ...copyMemory(this.memory), stackTop, heldProxies: this.#instance.bridge.held };
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
    this.#instance.system.closeAll();
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
