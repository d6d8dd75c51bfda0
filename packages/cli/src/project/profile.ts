import { UsageError } from "@espx/proto";
import { parseVersionRange, type VersionRange } from "@espx/ota";
import type { Context } from "../context.ts";
import { didYouMean } from "./nearest.ts";
import { checkValue, type Field } from "./field.ts";
import { manifestSchema, type ManifestContent } from "./manifest.ts";
import { loadFramework, type Framework, type Module } from "./modules.ts";
import { findProfile, type ProfilePlace, type Project } from "./project.ts";
import { errorAt, readSource, type Place } from "./source.ts";
import { convertYaml, parseYamlFile, type YamlFile, type YamlPath } from "./yaml-file.ts";

/** A key of the config that a profile's devices have, with the section it stands in. */
export interface ConfigKey {
  readonly section: string;
  readonly key: string;
  readonly field: Field;
}

/** A profile with everything that its manifest says, checked. */
export interface Profile {
  readonly name: string;
  readonly place: ProfilePlace;
  readonly manifest: ManifestContent;
  readonly yaml: YamlFile;
  readonly framework: Framework;
  readonly modules: readonly Module[];
  readonly versions: VersionRange;
  readonly keys: readonly ConfigKey[];
}

/**
 * Reads a profile's manifest.
 *
 * @throws NotFoundError `cli/profile-unknown`
 * @throws ConfigError `cli/yaml-syntax`, `cli/file-value`, `cli/file-key`, `cli/manifest-module`, `cli/manifest-version`
 */
export async function loadProfile(ctx: Context, project: Project | null, name: string): Promise<Profile> {
  const place = await findProfile(project, name);
  const yaml = parseYamlFile(await readSource(place.manifestPath, ctx.cwd));
  const manifest = convertYaml(yaml, manifestSchema);
  if (manifest.profile !== name) {
    throw fail(
      yaml,
      ["profile"],
      "cli/file-value",
      `"profile" must be ${name} as the file is called, got ${manifest.profile}`,
    );
  }
  const framework = await loadFramework();
  if (manifest.layout === "flat") checkFlat(yaml, manifest);
  checkModules(yaml, manifest, framework);
  const modules = manifest.layout === "flat" ? [] : framework.select(manifest.modules);
  const keys = configKeys(manifest, modules);
  checkDefaults(yaml, manifest);
  return { name, place, manifest, yaml, framework, modules, versions: versionsOf(yaml, manifest), keys };
}

/** Without the framework nothing reads a config or starts a module. */
function checkFlat(yaml: YamlFile, { modules, config }: ManifestContent): void {
  const key = modules.length > 0 ? "modules" : Object.keys(config).length > 0 ? "config" : null;
  if (key === null) return;
  const message = `layout flat has no ${key}: it brings the files alone`;
  throw fail(yaml, [key], "cli/manifest-layout", message, `take ${key} out, or say layout: slots`);
}

/**
 * For what needs the framework.
 *
 * @throws UsageError `cli/no-slots`
 */
export function requireSlots({ name, manifest }: Profile, what: string): void {
  if (manifest.layout === "slots") return;
  throw new UsageError("cli/no-slots", `${what} is for profiles of layout slots, ${name} is flat`, {
    hint: `espx deploy ${name} brings its files onto a board`,
  });
}

function checkModules(yaml: YamlFile, { modules }: ManifestContent, framework: Framework): void {
  for (const [index, name] of modules.entries()) {
    if (framework.names.includes(name)) continue;
    const message = `there is no module "${name}"${didYouMean(name, framework.names)}`;
    throw fail(
      yaml,
      ["modules", index],
      "cli/manifest-module",
      message,
      `the modules are ${framework.names.join(", ")}`,
    );
  }
}

function versionsOf(yaml: YamlFile, { firmware }: ManifestContent): VersionRange {
  const range = parseVersionRange(firmware.version);
  if (range !== null) return range;
  const message = `"${firmware.version}" is not a range of versions`;
  throw fail(yaml, ["firmware", "version"], "cli/manifest-version", message, 'for example ">=1.24" or ">=1.24 <1.28"');
}

/** The profile's own keys come first in a section, and win over a module's of the same name. */
function configKeys(manifest: ManifestContent, modules: readonly Module[]): readonly ConfigKey[] {
  const keys = new Map<string, ConfigKey>();
  const add = (section: string, fields: Readonly<Record<string, Field>>): void => {
    for (const [key, field] of Object.entries(fields)) {
      const id = `${section}\n${key}`;
      if (!keys.has(id)) keys.set(id, { section, key, field });
    }
  };
  add("", manifest.config);
  for (const module of modules) add(module.section, module.config);
  return [...keys.values()];
}

function checkDefaults(yaml: YamlFile, { config }: ManifestContent): void {
  for (const [key, field] of Object.entries(config)) {
    if (field.default === undefined) continue;
    const checked = checkValue(field, field.default);
    if ("fault" in checked)
      throw fail(yaml, ["config", key, "default"], "cli/file-value", `the default of "${key}" ${checked.fault}`);
  }
}

/** A ConfigError at a path of a manifest. */
export function fail(yaml: YamlFile, path: YamlPath, code: string, message: string, hint?: string): Error {
  const place: Place = yaml.placeOf(path);
  return errorAt(yaml.source, place, { code, message, ...(hint === undefined ? {} : { hint }) });
}
