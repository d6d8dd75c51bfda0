import { InternalError } from "@espx/proto";

/** Entries of the table of built-in modules: the name as an interned string, then the address of the module. */
const entryBytes = 8;

/** Modules by which a program would reach the JavaScript host. */
export const removedModules = ["js", "jsffi"] as const;

/** Modules that stand in the same table and tell it from a chance match. */
export const knownModules = [
  "array",
  "binascii",
  "builtins",
  "cmath",
  "collections",
  "gc",
  "io",
  "json",
  "math",
  "micropython",
  "struct",
  "sys",
];

/**
 * Takes modules out of the table of built-in modules: their entries repeat a neighbour's.
 *
 * @param names - the interned strings of all names above, as `id()` tells them
 * @throws InternalError `sim/interpreter-unknown` when the table is not found exactly once
 */
export function removeModules(wasm: Uint8Array, names: ReadonlyMap<string, number>): Uint8Array {
  const patched = wasm.slice();
  const view = new DataView(patched.buffer);
  const known = new Set(names.values());
  const removed = new Set(removedModules.map((name) => names.get(name) ?? unknown(name)));
  const nameAt = (at: number): number | undefined =>
    at >= 0 && at + entryBytes <= patched.length ? view.getUint32(at, true) : undefined;
  const isEntry = (at: number): boolean => known.has(nameAt(at) ?? -1);
  for (const name of removed) {
    const places: number[] = [];
    for (let at = 0; at + entryBytes <= patched.length; at++) {
      if (nameAt(at) === name && countAround(at, isEntry) >= 4) places.push(at);
    }
    const place = places[0];
    if (place === undefined || places.length !== 1)
      unknown(`one entry of a built-in module table (${places.length} found)`);
    const keeps = (at: number): boolean => isEntry(at) && !removed.has(nameAt(at) ?? -1);
    const neighbour =
      [1, -1, 2, -2].map((step) => place + step * entryBytes).find(keeps) ?? unknown("a neighbour entry");
    patched.copyWithin(place, neighbour, neighbour + entryBytes);
  }
  return patched;
}

/** How many entries near `at` carry known names. */
function countAround(at: number, isEntry: (at: number) => boolean): number {
  let count = 0;
  for (let step = -12; step <= 12; step++) if (step !== 0 && isEntry(at + step * entryBytes)) count++;
  return count;
}

function unknown(what: string): never {
  throw new InternalError("sim/interpreter-unknown", `the interpreter's wasm does not show ${what}`, {
    hint: "Pin the version of @micropython/micropython-webassembly-pyscript that this patch was written for.",
  });
}
