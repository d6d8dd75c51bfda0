import { SLOT_RECORD_PATHS } from "@espx/proto";
import type { Inventory, Step } from "@espx/proto";

/**
 * What a board holds once the steps are done, as far as they tell: no look at the board, and free space stays as it was.
 */
export function afterSteps(inventory: Inventory, steps: readonly Step[]): Inventory {
  const files = new Map(inventory.files.map((file) => [file.path, file]));
  let { record, recordFile } = inventory;
  for (const step of steps) {
    if (step.kind === "remove") files.delete(step.path);
    if (step.kind === "put") files.set(step.path, { path: step.path, sizeBytes: step.sizeBytes, sha256: step.sha256 });
    if (step.kind === "commit") [record, recordFile] = [step.record, step.recordFile];
  }
  if (SLOT_RECORD_PATHS.every((path) => !files.has(path)) && record === inventory.record) {
    [record, recordFile] = [null, null];
  }
  const replaced = new Set(steps.flatMap((step) => (step.kind === "put" ? [step.path] : [])));
  const foreign = inventory.foreign.filter((path) => !replaced.has(path) && files.has(path));
  return { ...inventory, files: [...files.values()], record, recordFile, foreign };
}
