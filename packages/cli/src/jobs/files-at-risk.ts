import { type Partition, partitionType, subtypeName } from "@espx/image";
import type { FlashPlan } from "@espx/serial";

const fileSystems: ReadonlySet<string> = new Set(["fat", "spiffs", "littlefs"]);

/**
 * The partition with the board's files that a plan would change. MicroPython keeps them in `vfs`, which is all that a table leaves over
 * when it does not name it.
 */
export function filesAtRisk(
  { runs }: FlashPlan,
  { table, flashBytes }: { readonly table: readonly Partition[] | undefined; readonly flashBytes: number | undefined },
): Pick<Partition, "name"> | undefined {
  if (table === undefined) return undefined;
  return fileSystemsIn(table, flashBytes).find(({ offset, sizeBytes }) =>
    runs.some((run) => {
      const end = run.address + (run.kind === "write" ? run.bytes.length : run.sizeBytes);
      return run.address < offset + sizeBytes && offset < end;
    }),
  );
}

type Place = Pick<Partition, "name" | "offset" | "sizeBytes">;

function fileSystemsIn(table: readonly Partition[], flashBytes: number | undefined): readonly Place[] {
  const named = table.filter(
    ({ type, subtype }) => type === partitionType.data && fileSystems.has(subtypeName(type, subtype)),
  );
  if (named.length > 0 || flashBytes === undefined || table.length === 0) return named;
  const offset = Math.max(...table.map((partition) => partition.offset + partition.sizeBytes));
  return [{ name: "vfs", offset, sizeBytes: flashBytes - offset }];
}
