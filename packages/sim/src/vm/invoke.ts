import type { VmExports } from "./vm-exports.ts";

/** What the interpreter throws to return to an earlier frame; its own code takes it from there. */
const longJump = Number.POSITIVE_INFINITY;

const signatures = ["i", "ii", "iii", "iiii", "iiiii", "iiiiii", "v", "vi", "vii", "viii", "viiii"];

/**
 * The imports by which the interpreter raises exceptions across C frames: it calls functions that may jump through
 * `invoke_…`, and jumps by throwing.
 */
export function jumpImports(exports: () => VmExports): Record<string, (...args: number[]) => number | void> {
  const functions: ((...args: number[]) => number)[] = [];
  const invoke = (index: number, ...args: number[]): number | void => {
    const vm = exports();
    const stack = vm.emscripten_stack_get_current();
    try {
      return (functions[index] ??= vm.__indirect_function_table.get(index) as (...args: number[]) => number)(...args);
    } catch (thrown) {
      if (thrown !== longJump) throw thrown;
      vm._emscripten_stack_restore(stack);
      vm.setThrew(1, 0);
    }
  };
  return {
    ...Object.fromEntries(signatures.map((signature) => [`invoke_${signature}`, invoke])),
    _emscripten_throw_longjmp: () => {
      // eslint-disable-next-line no-throw-literal -- a number is what tells a jump from an error
      throw longJump;
    },
  };
}
