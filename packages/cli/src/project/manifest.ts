import * as z from "zod";
import { fieldSchema } from "./field.ts";
import { emptyAs, yamlBool, yamlText } from "./scalars.ts";

const list = (of: z.ZodType<string>, description: string) => emptyAs([], z.array(of).default([])).describe(description);

const sourceSchema = z.union([z.strictObject({ from: yamlText, to: yamlText }), yamlText], {
  error: "must be a file name or {from: x, to: y}",
});

const firmwareSchema = z.strictObject({
  board: yamlText
    .default("")
    .describe("board name of the MicroPython build, for example ESP32_GENERIC, which tells the chip; empty for any"),
  version: yamlText.default(">=1.24").describe("range of MicroPython versions, for example >=1.24"),
  variant: z.string().default("").describe("variant of the build, for example SPIRAM; empty for any"),
});

const configKey = z.string().regex(/^[^\s#[]\S*$/, "cannot be a config key: a key has no blanks and no # or [ first");

/** The file `manifests/<profile>.yaml`: which firmware and what goes on the device. */
export const manifestSchema = z.strictObject({
  profile: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/, "must be 1 to 32 letters, digits, _ or -")
    .describe("name of the profile, as the file is called"),
  description: yamlText.optional().describe("one line for a person"),
  firmware: firmwareSchema.prefault({}),
  layout: z
    .enum(["slots", "flat"])
    .default("slots")
    .describe("slots: two sets of files, of which one runs; flat: the files alone, below the board's root"),
  modules: list(yamlText, "parts of the device framework"),
  drivers: list(yamlText, "drivers that espx ships"),
  files: emptyAs([], z.array(sourceSchema).default([])).describe("application files, relative to profiles/<profile>"),
  keep: list(yamlText, "files and globs that belong to the program and that no deploy touches"),
  compile: yamlBool.default(true).describe("turn .py into .mpy, except main.py and boot.py"),
  config: emptyAs({}, z.record(configKey, fieldSchema).default({})).describe("config keys of the profile"),
});

export type ManifestContent = z.output<typeof manifestSchema>;
