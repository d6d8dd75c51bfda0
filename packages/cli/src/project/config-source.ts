import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { parseConfigText } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Project } from "./project.ts";
import { errorAt, errorIn, readSource, type Place, type Source } from "./source.ts";
import { parseYamlFile, type YamlFile, type YamlPath } from "./yaml-file.ts";

/** One setting as a person wrote it, with the places of its key and its value. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  /** null stands for `None`; undefined for a key without a value. */
  readonly text: string | null | undefined;
  readonly keyPlace: Place;
  readonly valuePlace: Place;
}

/** The settings of one device, from wherever they were written. */
export interface Settings {
  readonly source: Source;
  readonly settings: readonly Setting[];
  /** True for espx.yaml, which is shared and must not hold secrets itself. */
  readonly shared: boolean;
}

/**
 * Reads `--config FILE`: YAML when the name says so, else the device's own form.
 *
 * @throws ConfigError `cli/file-missing`, `cli/yaml-syntax`
 */
export async function readConfigFile(ctx: Context, file: string): Promise<Settings> {
  const path = isAbsolute(file) ? file : join(ctx.cwd, file);
  await readFile(path).catch((cause: unknown) => {
    throw errorIn(file, {
      code: "cli/file-missing",
      message: `cannot read the config ${file}`,
      cause,
      hint: "check the name after --config",
    });
  });
  const source = await readSource(path, ctx.cwd);
  if (!/\.ya?ml$/.test(file)) return { source, settings: textSettings(source), shared: false };
  const yaml = parseYamlFile(source);
  return { source, settings: yamlSettings(yaml, [], yaml.content), shared: false };
}

/** The `config` of a device in espx.yaml, or null when it has none. */
export function deviceSettings(project: Project, device: string): Settings | null {
  const config = project.content.devices[device]?.config;
  if (config === undefined) return null;
  return {
    source: project.yaml.source,
    settings: yamlSettings(project.yaml, ["devices", device, "config"], config),
    shared: true,
  };
}

function textSettings(source: Source): readonly Setting[] {
  const lines = source.text.split(/\r\n|\r|\n/);
  const settings: Setting[] = parseConfigText(source.text).map(({ section, key, value, line }) => {
    const [, lead = "", gap = ""] = /^(\s*)\S+(\s*)/.exec(lines[line - 1] ?? "") ?? [];
    const column = lead.length + 1;
    return {
      section,
      key,
      text: value,
      keyPlace: { line, column },
      valuePlace: { line, column: column + key.length + gap.length },
    };
  });
  checkSections(source, lines);
  const lonely = lines.flatMap((line, index) =>
    /^\s*[^\s#[]\S*\s*$/.test(line) ? [{ key: line.trim(), line: index + 1, column: line.search(/\S/) + 1 }] : [],
  );
  return [
    ...settings,
    ...lonely.map(({ key, ...place }) => ({ section: "", key, text: undefined, keyPlace: place, valuePlace: place })),
  ];
}

/** A device ignores a line that only looks like a section, and what follows lands in the wrong one. */
function checkSections(source: Source, lines: readonly string[]): void {
  const index = lines.findIndex((line) => /^\s*\[/.test(line) && !/^\s*\[[^\]\s]+\]\s*$/.test(line));
  const line = lines[index];
  if (line === undefined) return;
  throw errorAt(
    source,
    { line: index + 1, column: line.search(/\S/) + 1 },
    {
      code: "cli/config-key",
      message: `"${line.trim()}" is not a section`,
      hint: "a section is a name in brackets on a line of its own, for example [mqtt]",
    },
  );
}

function yamlSettings(yaml: YamlFile, path: YamlPath, content: unknown): readonly Setting[] {
  if (typeof content !== "object" || content === null) return [];
  return Object.entries(content).flatMap(([key, value]: [string, unknown]) => {
    if (Array.isArray(value)) {
      throw errorAt(yaml.source, yaml.placeOf([...path, key]), {
        code: "cli/config-value",
        message: `"${key}" takes one value, got a list`,
        hint: `for example ${key}: value`,
      });
    }
    if (typeof value === "object") return yamlSection(yaml, [...path, key], value);
    return [yamlSetting(yaml, [...path, key], { section: "", key, value: scalarText(value) })];
  });
}

function yamlSection(yaml: YamlFile, path: YamlPath, content: object | null): readonly Setting[] {
  const section = String(path.at(-1));
  return Object.entries(content ?? {}).map(([key, value]: [string, unknown]) =>
    yamlSetting(yaml, [...path, key], { section, key, value: scalarText(value) }),
  );
}

function yamlSetting(
  yaml: YamlFile,
  path: YamlPath,
  { section, key, value }: { section: string; key: string; value: string },
): Setting {
  const text = value === "None" || value === "null" || value === "~" ? null : value === "" ? undefined : value;
  return { section, key, text, keyPlace: yaml.placeOfKey(path), valuePlace: yaml.placeOf(path) };
}

/** The failsafe schema leaves texts only. */
const scalarText = (value: unknown): string => (typeof value === "string" ? value : "");
