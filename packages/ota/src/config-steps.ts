import { configPath } from "@espx/proto";
import type { Inventory, Release, SlotRecord, Step } from "@espx/proto";
import { isKept } from "./keep.ts";
import { sendStep } from "./slot-steps.ts";
import type { BoardFiles } from "./slot-steps.ts";

/**
 * The config a record shall name: the one it names already when its content is what the release brings, or when it brings none.
 *
 * One that was changed on the board by hand goes on under a name of its own: the launcher would refuse it under the old one.
 */
export function wantedConfig(release: Release, record: SlotRecord | null, board: BoardFiles): string | null {
  const current = record?.config ?? null;
  if (release.config === null) return current === null ? null : (board.get(configPath(current))?.sha256 ?? current);
  const unchanged = current === null && board.get(configPath(null))?.sha256 === release.config.sha256;
  return unchanged ? null : release.config.sha256;
}

/** Steps that put the config where a record that names it will look for it. */
export function configSteps(release: Release, wanted: string | null, board: BoardFiles): Step[] {
  const path = configPath(wanted);
  if (wanted === null || board.get(path)?.sha256 === wanted) return [];
  if (release.config !== null) return [sendStep(path, release.config)];
  const twin = [...board.values()].find((file) => file.sha256 === wanted);
  if (twin === undefined) return [];
  return [{ kind: "put", path, sizeBytes: twin.sizeBytes, sha256: wanted, source: { kind: "copy", from: twin.path } }];
}

/** Steps that remove configs of earlier deploys; to be taken once `record` is safe on flash. */
export function staleConfigSteps(release: Release, record: SlotRecord, inventory: Inventory): Step[] {
  const named = [record.config, record.previous?.config ?? null].map(configPath);
  const deployed = inventory.files.map((file) => file.path).filter((path) => /^\/config-[0-9a-f]{8}\.txt$/.test(path));
  const stale = deployed.filter((path) => !named.includes(path) && !isKept(path, release.keep));
  return stale.map((path) => ({ kind: "remove", path }));
}
