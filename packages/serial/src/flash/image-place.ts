import { type FlashFile, type Partition, partitionType } from "@espx/image";
import type { ChipTarget } from "./chip-catalogue.ts";

/** A file that shall go into flash. */
export interface ImageFile {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where it goes; told from its content when left out, where that is safe. */
  readonly address?: number | undefined;
}

/** What images are held against. */
export interface ImagePlace {
  readonly target: ChipTarget;
  /** Major number * 100 + minor; not checked when undefined. */
  readonly revision: number | undefined;
  readonly flashBytes: number | undefined;
  /** The partition table on the chip. */
  readonly table: readonly Partition[] | undefined;
}

/** A file with what it holds, null for plain data. */
export interface ReadImageFile extends ImageFile {
  readonly found: FlashFile | null;
}

/** The application partitions of a table. */
export function applicationsIn(table: readonly Partition[] | undefined): readonly Partition[] {
  return (table ?? []).filter(({ type }) => type === partitionType.app);
}
