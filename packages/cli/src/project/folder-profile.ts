import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseVersionRange } from "@espx/ota";
import type { Context } from "../context.ts";
import { type FolderFiles, listFolder } from "./folder.ts";
import { manifestSchema } from "./manifest.ts";
import { loadFramework, noFramework } from "./modules.ts";
import type { Profile } from "./profile.ts";
import { shownPath } from "./source.ts";

/** How the files of a folder are laid out on a board. */
export type Layout = "flat" | "slots";

export interface FolderOptions {
  readonly layout: Layout;
  readonly ignore: readonly string[];
  readonly keep: readonly string[];
}

/** A folder as if it had a manifest, with what of it goes on a board. */
export interface FolderProfile {
  readonly profile: Profile;
  readonly contents: FolderFiles;
}

/** Any version will do where nothing of espx goes on the board. */
const anyVersion = parseVersionRange(">=1.0") ?? [];
const launcherVersions = parseVersionRange(">=1.24") ?? [];

/**
 * Takes a plain MicroPython project for a profile: its files as they are, nothing compiled.
 *
 * In layout slots the framework comes along where `main.py` says that it has components, and all is compiled as in a profile.
 * @throws those of {@link listFolder}
 */
export async function folderProfile(ctx: Context, folder: string, options: FolderOptions): Promise<FolderProfile> {
  const contents = await listFolder(folder, options.ignore);
  const name = nameOf(folder);
  const slots = options.layout === "slots";
  const framework = slots ? await loadFramework() : noFramework;
  const modules = slots && (await hasComponents(folder)) ? framework.select([]) : [];
  const manifest = manifestSchema.parse({
    profile: name,
    layout: options.layout,
    files: contents.files.map((file) => file.path),
    keep: [...options.keep],
    compile: modules.length > 0 ? "true" : "false",
  });
  const profile: Profile = {
    name,
    place: { manifestPath: folder, profileFolder: folder, rootFolder: folder },
    manifest,
    yaml: withoutText(shownPath(folder, ctx.cwd)),
    framework,
    modules,
    versions: slots ? launcherVersions : anyVersion,
    keys: modules.flatMap(({ section, config }) =>
      Object.entries(config).map(([key, field]) => ({ section, key, field })),
    ),
  };
  return { profile, contents };
}

/** The folder's own name, as far as it can be the name of a profile. */
function nameOf(folder: string): string {
  const name = basename(resolve(folder))
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 32);
  return name === "" ? "folder" : name;
}

/** As the launcher tells a program of the framework from a plain one. */
async function hasComponents(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, "main.py"), "utf8").catch(() => "");
  return /^components/m.test(text);
}

/** Stands where a manifest would: what is wrong is wrong with the folder. */
function withoutText(file: string): Profile["yaml"] {
  const start = { line: 1, column: 1 };
  return { source: { file, text: "" }, content: {}, placeOf: () => start, placeOfKey: () => start };
}
