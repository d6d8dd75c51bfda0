import type { InterpreterOptions } from "./interpreter-options.ts";
import { valueBytes } from "./values.ts";
import type { VmImage } from "./vm-image.ts";
import { grow, type VmInstance } from "./vm-instance.ts";

/** The patched garbage collector needs room for the pointers that it spills. */
const stackBytes = 256 * 1024;
const stackReserveBytes = 8192;
const pystackWords = 4096;

/** Starts an interpreter from nothing; the table of host calls becomes the module `_host`. */
export function startFresh({ exports, memory, bridge }: VmInstance, { layout, heapBytes }: InterpreterOptions): void {
  exports.emscripten_stack_init();
  exports.__wasm_call_ctors();
  const top = (exports.malloc(stackBytes) + stackBytes) & ~15;
  exports._emscripten_stack_restore(top);
  exports.gc_stack_top.value = top;
  exports.mp_js_init(pystackWords, heapBytes);
  memory.setU32(layout.stackLimit, stackBytes - stackReserveBytes);
  memory.view.setInt32(layout.gcThreshold, -1, true);
  exports.proxy_c_init();
  const name = memory.newString("_host").address;
  const value = exports.malloc(valueBytes);
  bridge.writeTable(value);
  exports.mp_js_register_js_module(name, value);
  exports.free(value);
  exports.free(name);
}

/** Starts an interpreter where the one of the image was. */
export function startFrom(image: VmImage, { exports, memory, bridge }: VmInstance): void {
  grow(exports.memory, image.memoryBytes);
  memory.bytes.set(image.bytes);
  exports.emscripten_stack_init();
  exports._emscripten_stack_restore(image.stackTop);
  exports.gc_stack_top.value = image.stackTop;
  bridge.hold(image.heldProxies);
}
