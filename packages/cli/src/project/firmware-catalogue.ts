import { access } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { assetFolder } from "../assets.ts";
import type { Context } from "../context.ts";
import { CATALOGUE_NAME } from "./catalogue-name.ts";
import type { Project } from "./project.ts";
import { emptyAs, yamlBool, yamlText } from "./scalars.ts";
import { errorAt, readSource } from "./source.ts";
import { convertYaml, parseYamlFile } from "./yaml-file.ts";

const yamlAddress = z
  .string()
  .regex(/^(0x[0-9a-fA-F]{1,8}|\d{1,9})$/, "must be an address such as 0x1000")
  .transform(Number)
  .meta({ editorType: ["string", "number"] });

const flashSize = z
  .string()
  .regex(/^(1|2|4|8|16|32|64|128)MB$/, "must be a flash size such as 4MB")
  .transform((text) => Number.parseInt(text, 10) * 1024 * 1024);

const secureUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).protocol === "https:" && !/[?#]/.test(text),
    "must be a URL that starts with https:// and has no ? or #",
  );

const entrySchema = z.strictObject({
  board: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,64}$/, "must be a board's name of letters, digits and _")
    .describe("board name of the MicroPython build, for example ESP32_GENERIC"),
  variant: z
    .string()
    .regex(/^[A-Za-z0-9_]{0,32}$/, "must be a variant's name of letters, digits and _")
    .default("")
    .describe("variant of the build, empty for the plain one"),
  chip: yamlText.describe("chip as esptool names it, for example esp32s3"),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, "must be a version such as 1.29.0")
    .meta({ editorType: "string" }),
  description: yamlText.default("").describe("one line for a person: for which modules it is"),
  address: yamlAddress.describe("where in flash the file begins"),
  flash: flashSize.describe("least flash that it needs, for example 4MB"),
  psram: z
    .enum(["quad", "octal"])
    .optional()
    .describe("kind of PSRAM that it is made for; it is chosen where the chip has it"),
  on_request: yamlBool.default(false).describe("it is taken only when its variant is named"),
  url: secureUrl.describe("where the file comes from"),
  size: z
    .string()
    .regex(/^\d{1,9}$/, "must be a number of bytes")
    .transform(Number)
    .meta({ editorType: "number" })
    .optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 of 64 hexadecimal digits in lower case")
    .optional()
    .describe("hash of the file; left out, it is fetched after a yes and locked in espx.lock"),
});

/** The file `manifests/firmware.yaml`: firmware that can be fetched. */
export const catalogueSchema = z.strictObject({
  firmware: emptyAs([], z.array(entrySchema).default([])),
});

/** One firmware that can be fetched. */
export type FirmwareEntry = z.output<typeof entrySchema>;

/** `ESP32_GENERIC-OTA 1.29.0`. */
export const firmwareName = ({ board, variant, version }: FirmwareEntry): string =>
  `${board}${variant === "" ? "" : `-${variant}`} ${version}`;

/**
 * Every firmware that is known: a project's own entries, then those that espx ships and the project does not replace.
 *
 * @throws ConfigError `cli/yaml-syntax`, `cli/file-value`, `cli/file-key`
 */
export async function loadCatalogue(ctx: Context, project: Project | null): Promise<readonly FirmwareEntry[]> {
  const own = project === null ? [] : await readCatalogue(ctx, join(project.folder, "manifests"));
  const shipped = await readCatalogue(ctx, assetFolder("manifests"));
  const names = new Set(own.map(firmwareName));
  return [...own, ...shipped.filter((entry) => !names.has(firmwareName(entry)))];
}

async function readCatalogue(ctx: Context, folder: string): Promise<readonly FirmwareEntry[]> {
  const path = join(folder, `${CATALOGUE_NAME}.yaml`);
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) return [];
  const source = await readSource(path, ctx.cwd);
  const yaml = parseYamlFile(source);
  if (yaml.content === null || yaml.content === "") return [];
  const { firmware } = convertYaml(yaml, catalogueSchema);
  const seen = new Map<string, number>();
  for (const [index, entry] of firmware.entries()) {
    const name = firmwareName(entry);
    if (!seen.has(name)) seen.set(name, index);
    else
      throw errorAt(source, yaml.placeOf(["firmware", index]), {
        code: "cli/file-value",
        message: `${name} stands twice in ${source.file}`,
        hint: "take one of them out",
      });
  }
  return firmware;
}
