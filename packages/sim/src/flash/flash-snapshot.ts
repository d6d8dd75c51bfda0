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
  /** What else the chip's flash holds; in state files only. */
  readonly chip?: ChipState;
}

/** The bytes of a chip's flash that differ from those it came with. */
export interface ChipState {
  readonly model: string;
  readonly sizeBytes: number;
  /** Names what it came with. */
  readonly factory: string;
  /** Blocks of 64 KiB by number; null: erased. */
  readonly blocks: readonly { readonly index: number; readonly bytes: Uint8Array | null }[];
  /** Whether bytes of a file system or NVS were changed and not yet read back. */
  readonly changedViews: readonly string[];
}
