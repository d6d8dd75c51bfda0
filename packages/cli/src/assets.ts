import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What espx ships beside its code. */
export type AssetKind = "device" | "profiles" | "manifests";

/**
 * The folder that holds shipped files of one kind: in a packed espx below its own `assets`, in a clone at the root.
 */
export function assetFolder(kind: AssetKind): string {
  const packed = fileURLToPath(new URL(`./assets/${kind}`, import.meta.url));
  return existsSync(packed) ? packed : fileURLToPath(new URL(`../../../${kind}`, import.meta.url));
}

/** The folder with the parts of the virtual board in a packed espx; undefined in a clone, where they are built from sources. */
export function packedSimFolder(): string | undefined {
  const packed = fileURLToPath(new URL("./assets/sim", import.meta.url));
  return existsSync(packed) ? packed : undefined;
}
