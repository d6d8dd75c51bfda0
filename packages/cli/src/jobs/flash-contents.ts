import { type AppDescription, decodeAppDescription, IMAGE_MAGIC, type Partition, partitionType } from "@espx/image";
import { isEspxError, NotFoundError } from "@espx/proto";
import type { FlashSession } from "@espx/serial";
import { tableOnChip } from "./flash-files.ts";

/** What lies in a board's flash, by its partition table. */
export interface FlashContents {
  /** Those of the table, and MicroPython's `vfs` in what the table leaves over. */
  readonly partitions: readonly Partition[];
  /** What applications say of themselves, by the name of their partition. */
  readonly applications: ReadonlyMap<string, AppDescription>;
}

/** From the start of an image to the end of its application description. */
const HEAD_BYTES = 24 + 8 + 256;
const DESCRIPTION_AT = 24 + 8;
const FAT = 0x81;

/**
 * Reads the partition table of a board, and the head of each application.
 *
 * @throws NotFoundError `cli/no-partition` when there is no table
 */
export async function readContents(session: FlashSession): Promise<FlashContents> {
  const table = await tableOnChip(session);
  if (table === undefined || table.length === 0) {
    throw new NotFoundError("cli/no-partition", "the board has no partition table", {
      hint: "flash a firmware first: espx flash",
    });
  }
  const applications = new Map<string, AppDescription>();
  for (const { name, type, offset } of table) {
    if (type !== partitionType.app) continue;
    const description = describe(await session.read(offset, HEAD_BYTES));
    if (description !== null) applications.set(name, description);
  }
  return { partitions: withFileSystem(table, applications, session.chip.flash.sizeBytes), applications };
}

/** @throws NotFoundError `cli/no-partition` */
export function findPartition({ partitions }: FlashContents, name: string): Partition {
  const found = partitions.find((partition) => partition.name === name);
  if (found !== undefined) return found;
  throw new NotFoundError("cli/no-partition", `the board has no partition "${name}"`, {
    hint: `its partitions are ${partitions.map((partition) => partition.name).join(", ")}`,
  });
}

function describe(head: Uint8Array): AppDescription | null {
  if (head[0] !== IMAGE_MAGIC) return null;
  try {
    return decodeAppDescription(head.subarray(DESCRIPTION_AT));
  } catch (error) {
    if (isEspxError(error, "image/app-no-description")) return null;
    throw error;
  }
}

/** MicroPython keeps its files in what the table leaves over, when the table does not name a `vfs`. */
function withFileSystem(
  table: readonly Partition[],
  applications: FlashContents["applications"],
  flashBytes: number | undefined,
): readonly Partition[] {
  const isMicroPython = [...applications.values()].some(({ projectName }) => projectName === "micropython");
  const end = Math.max(...table.map(({ offset, sizeBytes }) => offset + sizeBytes));
  const hasFiles = table.some(({ type, name }) => type === partitionType.data && name === "vfs");
  if (!isMicroPython || hasFiles || flashBytes === undefined || end >= flashBytes) return table;
  const place = { offset: end, sizeBytes: flashBytes - end };
  return [
    ...table,
    { name: "vfs", type: partitionType.data, subtype: FAT, ...place, isEncrypted: false, isReadOnly: false },
  ];
}
