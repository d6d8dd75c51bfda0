import { formatHex, type Inventory, type Release } from "@espx/proto";
import type { Context } from "../context.ts";
import { wishOf } from "../project/deploy-notes.ts";
import { deviceSettings, readConfigFile } from "../project/config-source.ts";
import { buildConfig, noConfigError, requiredKeys } from "../project/device-config.ts";
import { projectSecrets, type DeviceEntry, type Project } from "../project/project.ts";
import type { Profile } from "../project/profile.ts";
import type { Secrets } from "../project/secrets.ts";
import { buildProfile, sha256 } from "../release/build.ts";
import { reportRelease } from "./deploy-reports.ts";
import type { DeployTarget } from "./deploy-target.ts";

/** Everything about a deploy that is known before a board is touched. */
export interface PreparedDeploy {
  readonly profile: Profile;
  readonly device: DeviceEntry | null;
  /** Where the files that the board's tracebacks name lie here. */
  readonly localFiles: ReadonlyMap<string, string>;
  /** Everything that decides what the board shall be, as one number; the config that it has already is not in it. */
  readonly wish: string;
  /**
   * The release with the config that this board shall have.
   *
   * @throws ConfigError `cli/config-missing` when there is none and the profile requires keys
   */
  releaseFor(inventory: Inventory): Release;
}

/** Reads and checks all files, and compiles: whatever is wrong in them is found here, with the board untouched. */
export async function prepareDeploy(
  ctx: Context,
  { project, device, profile }: DeployTarget,
  configFile: string | undefined,
): Promise<PreparedDeploy> {
  const config = await configText(ctx, configFile, { project, device, profile });
  const built = await buildProfile(ctx, profile, config);
  const { release, localFiles } = built;
  reportRelease(ctx, built, [...release.files, ...release.launcher]);
  const defaults =
    config === null && requiredKeys(profile).length === 0
      ? buildConfig(ctx, null, { profile, secrets: noSecrets })
      : null;
  return {
    profile,
    device,
    localFiles,
    wish: wishOf([release, requiredKeys(profile), profile.manifest.firmware]),
    releaseFor: (inventory) => withConfig(release, inventory, { profile, defaults }),
  };
}

interface ConfigInput {
  readonly project: Project | null;
  readonly device: DeviceEntry | null;
  readonly profile: Profile;
}

async function configText(
  ctx: Context,
  configFile: string | undefined,
  { project, device, profile }: ConfigInput,
): Promise<string | null> {
  const own = project === null || device === null ? null : deviceSettings(project, device.name);
  const given = configFile === undefined ? own : await readConfigFile(ctx, configFile);
  if (given === null) return null;
  const secrets = await projectSecrets(ctx, project);
  return buildConfig(ctx, given, { profile, secrets, fallbacks: device === null ? {} : { mqttname: device.name } });
}

const noSecrets: Secrets = { expand: (text) => text };

/** A board that has a config keeps it when none is given. */
function withConfig(
  release: Release,
  inventory: Inventory,
  { profile, defaults }: { profile: Profile; defaults: string | null },
): Release {
  const hasConfig =
    (inventory.record?.config ?? null) !== null || inventory.files.some((file) => file.path === "/config.txt");
  if (release.config !== null || hasConfig) return release;
  if (defaults === null) throw noConfigError(profile);
  const bytes = new TextEncoder().encode(defaults);
  if (bytes.length === 0) return release;
  const digest = formatHex(sha256(bytes) as Uint8Array);
  return { ...release, config: { path: "config.txt", sizeBytes: bytes.length, sha256: digest, bytes } };
}
