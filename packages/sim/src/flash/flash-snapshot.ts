import type { FileSystemKind } from "./flash-geometry.ts";

/** One value of the NVS partition. */
export interface NvsEntry {
  readonly namespace: string;
  readonly key: string;
  readonly value: Uint8Array | number;
}

/** One folder or file. */
export type SnapshotNode =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly content: Uint8Array; readonly mtimeS: number };

/** Everything that survives a power cut, as plain data that crosses to a worker. */
export interface FlashSnapshot {
  readonly kind: FileSystemKind;
  readonly capacityBytes: number;
  /** Blocks taken away by the `flash-full` fault. */
  readonly reservedBlocks: number;
  /** Parents before children, in order of creation. */
  readonly nodes: readonly SnapshotNode[];
  readonly nvs: readonly NvsEntry[];
}
