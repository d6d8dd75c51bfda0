import { UsageError } from "@espx/proto";
import type { DeviceEntry } from "../project/project.ts";

/** A profile named twice must be the same. */
export function checkProfileOf(device: DeviceEntry, profile: string): void {
  if (device.profile === undefined || device.profile === profile) return;
  throw new UsageError("cli/usage", `espx.yaml says that ${device.name} is a ${device.profile}, not a ${profile}`, {
    hint: `espx deploy ${device.profile} --device ${device.name}`,
  });
}
