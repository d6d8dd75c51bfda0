import type { VmMemory } from "./memory.ts";

/** Kinds of a value that comes from Python: three words, the kind first. */
const fromPython = {
  exception: -1,
  none: 1,
  boolean: 2,
  integer: 3,
  float: 4,
  string: 5,
  callable: 6,
  generator: 7,
  object: 8,
} as const;

/** Kinds of a value that goes to Python. */
const toPython = { none: 1, boolean: 2, integer: 3, float: 4, string: 5, knownProxy: 6, newProxy: 7 } as const;

/** Size of a value that crosses between Python and the host. */
export const valueBytes = 12;

/** A Python object that the interpreter keeps for the host until it is released. */
export interface PythonReference {
  readonly reference: number;
}

/** An exception that left Python: its class, and what `sys.print_exception` prints, lines ended by `\n`. */
interface PythonException {
  readonly exception: string;
  readonly text: string;
}

/** What Python hands over; `undefined` is None. */
export type PythonValue = undefined | boolean | number | string | PythonReference | PythonException;

/** What the host hands over; `undefined` is None. */
export type HostValue = undefined | boolean | number | string;

/** A thing without any use to Python but that the host hears when nobody in Python holds it any more. */
export interface HostToken {
  forgotten(): void;
}

/** Reads the value at `address`. Integers are cut to 32 bits, and a proxy of the host reads as undefined. */
export function readValue(memory: VmMemory, address: number): PythonValue {
  const { view } = memory;
  switch (view.getInt32(address, true)) {
    case fromPython.boolean:
      return view.getInt32(address + 4, true) !== 0;
    case fromPython.integer:
      return view.getInt32(address + 4, true);
    case fromPython.float:
      return view.getFloat64(address + 4, true);
    case fromPython.string:
      return memory.string(memory.u32(address + 8), memory.u32(address + 4));
    case fromPython.callable:
    case fromPython.generator:
    case fromPython.object:
      return { reference: memory.u32(address + 4) };
    case fromPython.exception:
      return readException(memory, address);
    default:
      return undefined;
  }
}

/** The class and the text stand in one string, with a byte 4 between them. */
function readException(memory: VmMemory, address: number): PythonException {
  const whole = memory.string(memory.u32(address + 8), memory.u32(address + 4));
  const split = whole.indexOf("\x04");
  return { exception: whole.slice(0, split), text: whole.slice(split + 1) };
}

/** Where the text of an exception lies, which the reader must free; undefined for other values. */
export function exceptionAddress(memory: VmMemory, address: number): number | undefined {
  return memory.view.getInt32(address, true) === fromPython.exception ? memory.u32(address + 8) : undefined;
}

/** Writes plain data; integers beyond 32 bits become floats. */
export function writeValue(memory: VmMemory, address: number, value: HostValue): void {
  if (value === undefined) {
    memory.setU32(address, toPython.none);
  } else if (typeof value === "boolean") {
    writeWords(memory, address, [toPython.boolean, Number(value)]);
  } else if (typeof value === "string") {
    const { address: text, length } = memory.newString(value);
    writeWords(memory, address, [toPython.string, length, text]);
  } else if ((value | 0) === value) {
    writeWords(memory, address, [toPython.integer, value >>> 0]);
  } else {
    memory.setU32(address, toPython.float);
    memory.view.setFloat64(address + 4, value, true);
  }
}

/** Writes a proxy by its number; `known` when Python still holds one of that number. */
export function writeProxy(memory: VmMemory, address: number, proxy: number, known: boolean): void {
  writeWords(memory, address, [known ? toPython.knownProxy : toPython.newProxy, proxy]);
}

function writeWords(memory: VmMemory, address: number, words: readonly number[]): void {
  words.forEach((word, index) => memory.setU32(address + 4 * index, word));
}
