import { InternalError } from "@espx/proto";
import { errno } from "../src/vm/errno.ts";
import type { BoardFileSystem } from "../src/vm/file-system.ts";
import { Interpreter } from "../src/vm/interpreter.ts";
import type { InterpreterLayout } from "../src/vm/layout.ts";

const noFiles: BoardFileSystem = {
  open: () => -errno.ENOENT,
  stat: () => -errno.ENOENT,
  list: () => -errno.ENOENT,
  mkdir: () => -errno.EROFS,
  rmdir: () => -errno.EROFS,
  unlink: () => -errno.EROFS,
  rename: () => -errno.EROFS,
  usage: () => ({ blockBytes: 4096, blocks: 0, freeBlocks: 0 }),
};

/** Asks an interpreter for the numbers by which it knows `names` as interned strings. */
export function internedNames(
  wasm: Uint8Array,
  layout: InterpreterLayout,
  names: readonly string[],
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const interpreter = new Interpreter({
    module: new WebAssembly.Module(Uint8Array.from(wasm)),
    layout,
    heapBytes: 65536,
    files: noFiles,
    terminal: { read: () => 0, write: () => {} },
    clock: { ticksMs: () => 0, timeMs: () => 0, random32: () => 0 },
    calls: { found: (name, id) => void found.set(String(name), Number(id)) },
  });
  const lines = names.map((name) => `_host.found("${name}", id("${name}"))`);
  interpreter.execute(["import _host", ...lines].join("\n"));
  if (found.size !== names.length) {
    throw new InternalError("sim/interpreter-unknown", `the interpreter told ${found.size} of ${names.length} names`);
  }
  return found;
}
