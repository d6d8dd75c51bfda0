import type { BoardFileSystem } from "./file-system.ts";
import type { BridgeCall } from "./host-bridge.ts";
import type { InterpreterLayout } from "./layout.ts";
import type { Terminal } from "./system-calls.ts";
import type { VmImage } from "./vm-image.ts";

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
  /** Goes on from where another interpreter of the same size and with the same calls was. */
  readonly image?: VmImage | undefined;
}
