import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { assetFolder } from "../assets.ts";
import { fieldSchema, type Field } from "./field.ts";
import { emptyAs, yamlBool, yamlText } from "./scalars.ts";
import { convertYaml, parseYamlFile } from "./yaml-file.ts";

const moduleSchema = z.strictObject({
  description: yamlText.optional(),
  always: yamlBool.default(false).describe("part of every release"),
  component: yamlBool.default(true).describe("started by the framework, and listed in release.json"),
  needs: emptyAs([], z.array(yamlText).default([])).describe("other modules"),
  files: emptyAs([], z.array(yamlText).default([])).describe("files below device/"),
  section: z.string().default("").describe("section of the config that holds its keys"),
  config: emptyAs({}, z.record(z.string(), fieldSchema).default({})),
});

/** The file `device/modules.yaml`. */
export const modulesSchema = z.strictObject({
  modules: z.record(z.string(), moduleSchema),
  launcher: z.array(yamlText).describe("files below device/ that stand outside the slots"),
});

/** A part of the device framework that a manifest can name. */
export interface Module {
  readonly name: string;
  readonly component: boolean;
  readonly files: readonly string[];
  readonly section: string;
  readonly config: Readonly<Record<string, Field>>;
}

/** The device framework as espx ships it. */
export interface Framework {
  readonly names: readonly string[];
  /** Files below device/ that stand outside the slots, under the same paths. */
  readonly launcher: readonly string[];
  /** The named modules with everything they need and those of every release, dependencies first; unknown names are left out. */
  select(names: readonly string[]): readonly Module[];
}

/** Where nothing of espx goes on the board. */
export const noFramework: Framework = { names: [], launcher: [], select: () => [] };

export async function loadFramework(): Promise<Framework> {
  const file = join(assetFolder("device"), "modules.yaml");
  const { modules, launcher } = convertYaml(parseYamlFile({ file, text: await readFile(file, "utf8") }), modulesSchema);
  const always = Object.keys(modules).filter((name) => modules[name]?.always === true);
  return {
    names: Object.keys(modules),
    launcher,
    select(names) {
      const selected = new Map<string, Module>();
      const add = (name: string): void => {
        const found = modules[name];
        if (found === undefined || selected.has(name)) return;
        for (const need of found.needs) add(need);
        selected.set(name, { name, ...found });
      };
      for (const name of [...always, ...names]) add(name);
      return [...selected.values()];
    },
  };
}
