import { formatConfigText, type ConfigEntry } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Setting, Settings } from "./config-source.ts";
import { checkValue, exampleOf } from "./field.ts";
import { didYouMean } from "./nearest.ts";
import type { ConfigKey, Profile } from "./profile.ts";
import type { Secrets } from "./secrets.ts";
import { errorAt, errorIn } from "./source.ts";

/** What checking a config needs. */
export interface CheckConfig {
  readonly profile: Profile;
  readonly secrets: Secrets;
  /** Values for keys that nobody set, by key: the device's name and its broker. */
  readonly fallbacks?: Readonly<Record<string, string>>;
}

/**
 * Checks settings against the keys of a profile and its modules, fills in the defaults of the
 * manifest (a module's own are in its code), and writes the device's form.
 *
 * @throws ConfigError `cli/config-key`, `cli/config-value`, `cli/config-missing`, `cli/secret-missing`, `cli/secret-literal`
 */
export function buildConfig(ctx: Context, given: Settings | null, check: CheckConfig): string {
  const entries = new Map<string, Omit<ConfigEntry, "line">>();
  for (const setting of given?.settings ?? []) {
    const key = keyOf(setting, given as Settings, check.profile);
    const value = valueOf(ctx, setting, { key, given: given as Settings, secrets: check.secrets });
    if (entries.has(idOf(key))) warnTwice(ctx, setting, given as Settings);
    entries.set(idOf(key), { section: key.section, key: key.key, value });
  }
  for (const key of check.profile.keys) {
    const value = check.fallbacks?.[key.key] ?? check.profile.manifest.config[key.key]?.default;
    if (entries.has(idOf(key)) || value === undefined) continue;
    const checked = checkValue(key.field, value);
    if ("value" in checked) entries.set(idOf(key), { section: key.section, key: key.key, value: checked.value });
  }
  requireAll(entries, given, check.profile);
  return formatConfigText(check.profile.keys.flatMap((key) => entries.get(idOf(key)) ?? []));
}

/** The keys without which the profile's devices cannot work and that nothing fills in. */
export function requiredKeys(profile: Profile, fallbacks: Readonly<Record<string, string>> = {}): readonly ConfigKey[] {
  return profile.keys.filter(
    ({ key, field }) => field.required && field.default === undefined && fallbacks[key] === undefined,
  );
}

/** The error of a deploy that has no config for a profile that needs one. */
export function noConfigError(profile: Profile): Error {
  const missing = requiredKeys(profile).map(nameOf);
  return errorIn(profile.yaml.source.file, {
    code: "cli/config-missing",
    message: `${profile.name} needs a config with ${missing.join(", ")}, none was given and the board has none`,
    hint: `write ${exampleText(profile)} into config.txt, one a line, then: espx deploy ${profile.name} --config config.txt`,
  });
}

function keyOf(setting: Setting, given: Settings, profile: Profile): ConfigKey {
  const found = profile.keys.find(({ section, key }) => section === setting.section && key === setting.key);
  if (found !== undefined) return found;
  if (profile.keys.some(({ section, key }) => section === "" && key === setting.section)) {
    throw errorAt(given.source, setting.keyPlace, {
      code: "cli/config-value",
      message: `"${setting.section}" takes one value, not a section of them`,
      hint: `write it in one line, without "${setting.key}"`,
    });
  }
  const names = profile.keys.filter(({ section }) => section === setting.section).map(({ key }) => key);
  const elsewhere = profile.keys.find(({ key }) => key === setting.key);
  const where = setting.section === "" ? profile.name : `section [${setting.section}] of ${profile.name}`;
  throw errorAt(given.source, setting.keyPlace, {
    code: "cli/config-key",
    message: `"${setting.key}" is not a config key of ${where}${didYouMean(setting.key, names)}`,
    hint: /[=:]/.test(setting.key)
      ? `a line is a key, a blank, and the value, without ${setting.key.includes("=") ? "=" : ":"}`
      : elsewhere === undefined
        ? `the keys are ${profile.keys.map(nameOf).join(", ")}`
        : `it belongs ${elsewhere.section === "" ? "above the first [section]" : `below [${elsewhere.section}]`}`,
  });
}

function warnTwice(ctx: Context, { key, keyPlace }: Setting, { source }: Settings): void {
  const text = `"${key}" is given again at ${source.file}:${keyPlace.line}; this later value counts`;
  ctx.out.emit({ kind: "log", data: { level: "warning", text } });
}

interface ValueCheck {
  readonly key: ConfigKey;
  readonly given: Settings;
  readonly secrets: Secrets;
}

function valueOf(ctx: Context, setting: Setting, { key, given, secrets }: ValueCheck): string | null {
  const { field } = key;
  if (setting.text === null && !field.required) return null;
  if (setting.text === null || setting.text === undefined) throw badValue(setting, given, key, "has no value");
  if (field.secret) {
    const literal = !/^\$\{\w+\}$/.test(setting.text);
    if (literal) ctx.redactor.hide(setting.text);
    if (literal && given.shared) throw literalSecret(setting, given);
  }
  const text = secrets.expand(setting.text, given.source, setting.valuePlace);
  if (field.secret) ctx.redactor.hide(text);
  const checked = checkValue(field, text);
  if ("fault" in checked) throw badValue(setting, given, key, checked.fault);
  return checked.value;
}

function badValue(setting: Setting, given: Settings, key: ConfigKey, fault: string): Error {
  return errorAt(given.source, setting.valuePlace, {
    code: "cli/config-value",
    message: `"${nameOf(key)}" ${fault}`,
    hint: `for example: ${setting.key} ${exampleOf(key.field)}${key.field.description === undefined ? "" : ` (${key.field.description})`}`,
  });
}

function literalSecret(setting: Setting, given: Settings): Error {
  const name = setting.key.toUpperCase().replaceAll(/\W/g, "_");
  return errorAt(given.source, setting.valuePlace, {
    code: "cli/secret-literal",
    message: `the secret "${setting.key}" stands in ${given.source.file} itself`,
    hint: `write ${setting.key}: \${${name}} there, and ${name}: … in espx.secrets.yaml, which belongs in .gitignore`,
  });
}

function requireAll(entries: ReadonlyMap<string, unknown>, given: Settings | null, profile: Profile): void {
  const missing = profile.keys.filter((key) => key.field.required && !entries.has(idOf(key)));
  const first = missing[0];
  if (first === undefined) return;
  if (given === null) throw noConfigError(profile);
  const what = first.field.secret ? "secret" : "key";
  throw errorIn(given.source.file, {
    code: "cli/config-missing",
    message: `${given.source.file} lacks the ${what} "${nameOf(first)}", which ${profile.name} requires`,
    hint: `add a line such as: ${first.key} ${first.field.secret ? `\${${first.key.toUpperCase()}}` : exampleOf(first.field)}`,
    details: { missing: missing.map(nameOf) },
  });
}

function exampleText(profile: Profile): string {
  return requiredKeys(profile)
    .map(({ key, field }) => `"${key} ${exampleOf(field)}"`)
    .join(", ");
}

const idOf = ({ section, key }: { section: string; key: string }): string => `${section}\n${key}`;
const nameOf = ({ section, key }: { section: string; key: string }): string =>
  section === "" ? key : `${section}.${key}`;
