import { UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import { findDevice, loadProject, type DeviceEntry } from "../project/project.ts";

/** A profile named twice must be the same. */
export function checkProfileOf(device: DeviceEntry, profile: string): void {
  if (device.profile === undefined || device.profile === profile) return;
  throw new UsageError("cli/usage", `espx.yaml says that ${device.name} is a ${device.profile}, not a ${profile}`, {
    hint: `espx deploy ${device.profile} --device ${device.name}`,
  });
}

/**
 * The profile that espx.yaml gives a device, where the command line names none.
 *
 * @throws UsageError `cli/argument-missing`; NotFoundError `cli/device-unknown`
 */
export async function profileOfDevice(ctx: Context, name: string | undefined): Promise<string> {
  const profile = name === undefined ? undefined : findDevice(await loadProject(ctx), name).profile;
  if (profile !== undefined) return profile;
  const why =
    name === undefined ? 'missing required argument "profile-or-folder"' : `espx.yaml names no profile for ${name}`;
  throw new UsageError("cli/argument-missing", why, { hint: "espx deploy --help" });
}
