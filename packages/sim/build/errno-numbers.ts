import { InternalError } from "@espx/proto";

/** Numbers of the interpreter's own `errno`, in the order of its tables, which are Linux's. */
const linux = [1, 2, 5, 9, 11, 12, 13, 17, 19, 21, 22, 95, 98, 103, 104, 105, 107, 110, 111, 113, 114, 115];

/** The same errors on an ESP32. @source newlib, `sys/errno.h` */
const newlib = [1, 2, 5, 9, 11, 12, 13, 17, 19, 21, 22, 95, 112, 113, 104, 105, 128, 116, 111, 118, 120, 119];

/** `errno`'s own names, and `errno.errorcode`, from which messages are made. */
const tableCount = 2;

/** Tables hold pairs of words; a small integer is kept as twice its value and one. */
const pairBytes = 8;
const smallInteger = (value: number): number => 2 * value + 1;

/**
 * Gives the interpreter the error numbers of an ESP32: they are compiled into programs, so that no module of ours
 * could change them.
 *
 * @throws InternalError `sim/interpreter-unknown` when the tables are not where this code knows them
 */
export function useChipErrno(wasm: Uint8Array): Uint8Array {
  const patched = wasm.slice();
  const view = new DataView(patched.buffer);
  const last = patched.length - pairBytes * linux.length;
  const tables: number[] = [];
  for (let at = 0; at < last; at++) {
    if (linux.every((number, index) => view.getUint32(at + pairBytes * index, true) === smallInteger(number)))
      tables.push(at);
  }
  if (tables.length !== tableCount) {
    throw new InternalError(
      "sim/interpreter-unknown",
      `the interpreter has ${tables.length} tables of errors, expected ${tableCount}`,
      {
        hint: "Pin the version of @micropython/micropython-webassembly-pyscript that this patch was written for.",
      },
    );
  }
  for (const at of tables) {
    newlib.forEach((number, index) => view.setUint32(at + pairBytes * index, smallInteger(number), true));
  }
  return patched;
}
