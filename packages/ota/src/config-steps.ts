import { configPath } from "@espx/proto";
import type { Inventory, Release, SlotRecord, Step } from "@espx/proto";
import { isKept } from "./keep.ts";
import { sendStep } from "./slot-steps.ts";
import type { BoardFiles } from "./slot-steps.ts";

/** The config a record shall name: the one it names already when its content is what the release brings, or when it brings none. */
export function wantedConfig(release: Release, record: SlotRecord | null, board: BoardFiles): string | null {
  const current = record?.config ?? null;
  if (release.config === null) return current;
  const unchanged = current === null && board.get(configPath(null))?.sha256 === release.config.sha256;
  return unchanged ? null : release.config.sha256;
}

/** Steps that put the config where a record that names it will look for it. */
export function configSteps(release: Release, wanted: string | null, board: BoardFiles): Step[] {
  const path = configPath(wanted);
  if (release.config === null || wanted === null || board.get(path)?.sha256 === wanted) return [];
  return [sendStep(path, release.config)];
}

/** Steps that remove configs of earlier deploys; to be taken once `record` is safe on flash. */
export function staleConfigSteps(release: Release, record: SlotRecord, inventory: Inventory): Step[] {
  const named = [record.config, record.previous?.config ?? null].map(configPath);
  const deployed = inventory.files.map((file) => file.path).filter((path) => /^\/config-[0-9a-f]{8}\.txt$/.test(path));
  const stale = deployed.filter((path) => !named.includes(path) && !isKept(path, release.keep));
  return stale.map((path) => ({ kind: "remove", path }));
}
