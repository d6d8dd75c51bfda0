import { DeviceError } from "@espx/proto";
import type { Inventory, Plan } from "@espx/proto";

/**
 * Refuses a plan that does not fit beside the files that are there.
 *
 * @param reclaimedBytes - what an earlier deploy left half done, and gives back
 * @throws DeviceError `device/full` with the bytes that the plan needs at least and the bytes that are free
 */
export function checkRoom(plan: Plan, { files, freeBytes }: Inventory, reclaimedBytes: number): void {
  const hasBytes = freeBytes + reclaimedBytes;
  const needsBytes = peakBytes(plan, new Map(files.map((file) => [file.path, file.sizeBytes])));
  if (needsBytes <= hasBytes) return;
  throw new DeviceError("device/full", `needs ${needsBytes} bytes free, the board has ${hasBytes}`, {
    hint: "remove files from the board that no release needs, or make the release smaller",
    details: { needsBytes, hasBytes },
  });
}

/**
 * Bytes of content at the fullest moment beyond what lies there before; a lower bound, since blocks are not counted.
 *
 * A file is written beside the one that it replaces, so both are there for a moment.
 */
function peakBytes({ steps }: Plan, sizes: Map<string, number>): number {
  let used = 0;
  let peak = 0;
  for (const step of steps) {
    if (step.kind === "remove") used -= sizes.get(step.path) ?? 0;
    if (step.kind === "remove") sizes.delete(step.path);
    if (step.kind !== "put") continue;
    peak = Math.max(peak, used + step.sizeBytes);
    used += step.sizeBytes - (sizes.get(step.path) ?? 0);
    sizes.set(step.path, step.sizeBytes);
  }
  return peak;
}
