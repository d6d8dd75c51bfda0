import type { FileSystemKind } from "./flash-geometry.ts";

/** One value of the NVS partition. */
export interface NvsEntry {
  readonly namespace: string;
  readonly key: string;
  readonly value: Uint8Array | number;
}

/** Everything that survives a power cut, as plain data that crosses to a worker. */
export interface FlashSnapshot {
  readonly kind: FileSystemKind;
  readonly capacityBytes: number;
  /** Blocks taken away by the `flash-full` fault. */
  readonly reservedBlocks: number;
  /** Parents before children. */
  readonly folders: readonly string[];
  readonly files: readonly { readonly path: string; readonly content: Uint8Array; readonly mtimeS: number }[];
  readonly nvs: readonly NvsEntry[];
}
