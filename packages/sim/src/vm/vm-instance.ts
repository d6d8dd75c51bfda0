import { HostBridge } from "./host-bridge.ts";
import type { InterpreterOptions } from "./interpreter-options.ts";
import { jumpImports } from "./invoke.ts";
import { VmMemory } from "./memory.ts";
import { SystemCalls } from "./system-calls.ts";
import type { VmExports } from "./vm-exports.ts";

/** An interpreter's module with everything that it imports, not started yet. */
export interface VmInstance {
  readonly exports: VmExports;
  readonly memory: VmMemory;
  readonly bridge: HostBridge;
  readonly system: SystemCalls;
}

const largestMemoryBytes = 1024 * 65536;
const pageBytes = 65536;

/** Joins the module and its imports, which need each other: the imports look the module up when they are called. */
export function instantiate({ module, files, terminal, clock, calls }: InterpreterOptions): VmInstance {
  const loaded: { vm?: { readonly exports: VmExports; readonly memory: VmMemory } } = {};
  const ready = (): { readonly exports: VmExports; readonly memory: VmMemory } => {
    if (loaded.vm === undefined) throw new Error("the interpreter is not loaded yet");
    return loaded.vm;
  };
  const bridge = new HostBridge(calls, {
    memory: () => ready().memory,
    release: (reference) => ready().exports.proxy_c_free_obj(reference),
  });
  const system = new SystemCalls(() => ready().memory, files, terminal);
  const { exports: raw } = new WebAssembly.Instance(module, {
    env: {
      ...bridge.imports(),
      ...system.environment(),
      ...jumpImports(() => ready().exports),
      mp_js_ticks_ms: () => clock.ticksMs(),
      mp_js_time_ms: () => clock.timeMs(),
      mp_js_random_u32: () => clock.random32(),
      emscripten_resize_heap: (sizeBytes: number) => grow(ready().exports.memory, sizeBytes),
      _abort_js: abort,
    },
    wasi_snapshot_preview1: system.wasi(),
  });
  const exports = raw as unknown as VmExports;
  const memory = new VmMemory(exports.memory, exports.malloc);
  loaded.vm = { exports, memory };
  return { exports, memory, bridge, system };
}

/** Makes the memory at least that large; 0 when it may not be. */
export function grow(memory: WebAssembly.Memory, sizeBytes: number): 0 | 1 {
  if (sizeBytes > largestMemoryBytes) return 0;
  memory.grow(Math.max(0, Math.ceil((sizeBytes - memory.buffer.byteLength) / pageBytes)));
  return 1;
}

function abort(): never {
  throw new Error("the interpreter aborted");
}
