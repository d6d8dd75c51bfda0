import { access, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { NotFoundError } from "@espx/proto";
import { assetFolder } from "../assets.ts";
import type { Context } from "../context.ts";
import { projectSchema, type ProjectContent } from "./espx-yaml.ts";
import { CATALOGUE_NAME } from "./catalogue-name.ts";
import { didYouMean } from "./nearest.ts";
import { loadSecrets, type Secrets } from "./secrets.ts";
import { errorAt, readSource, type Source } from "./source.ts";
import { convertYaml, parseYamlFile, type YamlFile } from "./yaml-file.ts";

/** A device as espx.yaml describes it. */
export type DeviceEntry = ProjectContent["devices"][string] & { readonly name: string };

/** The files of a person: the nearest folder upwards with espx.yaml. */
export interface Project {
  readonly folder: string;
  readonly yaml: YamlFile;
  readonly content: ProjectContent;
}

/**
 * Finds and reads the project around the working folder.
 *
 * @returns null when no folder upwards holds espx.yaml
 * @throws ConfigError `cli/yaml-syntax`, `cli/file-value`, `cli/file-key`, `cli/secret-literal`
 */
export async function loadProject(ctx: Context): Promise<Project | null> {
  for (let folder = ctx.cwd; ; folder = dirname(folder)) {
    const path = join(folder, "espx.yaml");
    if (await exists(path)) return readProject(folder, await readSource(path, ctx.cwd));
    if (dirname(folder) === folder) return null;
  }
}

function readProject(folder: string, source: Source): Project {
  const yaml = parseYamlFile(source);
  const content = convertYaml(
    yaml.content === null || yaml.content === "" ? { ...yaml, content: {} } : yaml,
    projectSchema,
  );
  for (const key of ["password", "username"] as const) {
    const value = content.broker?.[key];
    if (value === undefined || key === "username" || /^\$\{\w+\}$/.test(value)) continue;
    throw errorAt({ ...source, text: source.text.replaceAll(value, "********") }, yaml.placeOf(["broker", key]), {
      code: "cli/secret-literal",
      message: `the broker's ${key} stands in ${source.file} itself`,
      hint: `write ${key}: \${MQTT_PASSWORD} there, and MQTT_PASSWORD: … in espx.secrets.yaml, which belongs in .gitignore`,
    });
  }
  return { folder, yaml, content };
}

/** The secrets that belong to a project; without one, the environment only. */
export function projectSecrets(ctx: Context, project: Project | null): Promise<Secrets> {
  return loadSecrets(ctx, project === null ? null : join(project.folder, "espx.secrets.yaml"));
}

/**
 * @throws NotFoundError `cli/device-unknown`
 */
export function findDevice(project: Project | null, name: string): DeviceEntry {
  const devices = project?.content.devices ?? {};
  const found = devices[name];
  if (found !== undefined) return { ...found, name };
  const names = Object.keys(devices);
  const where =
    project === null
      ? "there is no espx.yaml here or above"
      : `${project.yaml.source.file} has no device "${name}"${didYouMean(name, names)}`;
  throw new NotFoundError("cli/device-unknown", where, {
    hint:
      names.length === 0
        ? `write an espx.yaml with "devices: {${name}: {profile: …}}", or name the port with --port`
        : `the devices are ${names.join(", ")}`,
  });
}

/** The names of a project's own profiles; without one, or where it has none, of those that espx ships. */
export async function listProfiles(project: Project | null): Promise<readonly string[]> {
  const own = project === null ? [] : await manifestNames(join(project.folder, "manifests"));
  return own.length > 0 ? own : manifestNames(assetFolder("manifests"));
}

/** Where a profile's files are: the project's own come before those that espx ships. */
export interface ProfilePlace {
  readonly manifestPath: string;
  readonly profileFolder: string;
  /** No source of the profile may lie outside. */
  readonly rootFolder: string;
}

/**
 * @throws NotFoundError `cli/profile-unknown`
 */
export async function findProfile(project: Project | null, name: string): Promise<ProfilePlace> {
  const places = [
    ...(project === null
      ? []
      : [
          {
            manifests: join(project.folder, "manifests"),
            profiles: join(project.folder, "profiles"),
            root: project.folder,
          },
        ]),
    { manifests: assetFolder("manifests"), profiles: assetFolder("profiles"), root: dirname(assetFolder("profiles")) },
  ];
  const names = new Set<string>();
  for (const { manifests, profiles, root } of places) {
    const found = await manifestNames(manifests);
    if (found.includes(name)) {
      return { manifestPath: join(manifests, `${name}.yaml`), profileFolder: join(profiles, name), rootFolder: root };
    }
    for (const other of found) names.add(other);
  }
  throw new NotFoundError("cli/profile-unknown", `there is no profile "${name}"${didYouMean(name, names)}`, {
    hint: `the profiles are ${[...names].join(", ")}; your own one needs espx.yaml, manifests/${name}.yaml and profiles/${name}/ in one folder`,
  });
}

async function manifestNames(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder).catch(() => []);
  return files
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .filter((name) => name !== CATALOGUE_NAME)
    .toSorted((a, b) => (a < b ? -1 : 1));
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
