import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, posix, relative, sep } from "node:path";
import { isKept } from "@espx/ota";
import { assetFolder } from "../assets.ts";
import { didYouMean } from "../project/nearest.ts";
import { fail, type Profile } from "../project/profile.ts";
import type { YamlPath } from "../project/yaml-file.ts";

/** A file that goes on a board: where it lies here, and where it shall lie there. */
export interface SourceFile {
  readonly path: string;
  readonly target: string;
  /** Whether it becomes `.mpy`; `target` already says so. */
  readonly compile: boolean;
}

/** What a manifest comes to: files of the slot, and those outside. */
export interface Sources {
  readonly files: readonly SourceFile[];
  readonly launcher: readonly SourceFile[];
}

/**
 * Resolves a manifest into files.
 *
 * @throws ConfigError `cli/file-missing`, `cli/manifest-path`, `cli/manifest-duplicate`, `cli/manifest-keep`, `cli/manifest-main`
 */
export async function resolveSources(profile: Profile): Promise<Sources> {
  const device = assetFolder("device");
  const { manifest, yaml } = profile;
  const files = new Map<string, SourceFile & { readonly at: YamlPath }>();
  const add = (file: SourceFile, at: YamlPath): void => {
    const other = files.get(file.target);
    if (other !== undefined) {
      const message = `two sources have the target ${file.target}: ${near(profile, other.path)} and ${near(profile, file.path)}`;
      throw fail(
        yaml,
        at,
        "cli/manifest-duplicate",
        message,
        "give one of them another name with {from: x, to: y}, or remove it",
      );
    }
    files.set(file.target, { ...file, at });
  };
  for (const { files: modules } of profile.modules) {
    for (const file of modules) add(asSource(join(device, file), `lib/${file}`, manifest.compile), ["modules"]);
  }
  for (const [index, driver] of manifest.drivers.entries())
    add(await driverSource(profile, driver, index), ["drivers", index]);
  for (const [index, entry] of manifest.files.entries()) add(await ownSource(profile, entry, index), ["files", index]);
  checkKeep(profile, files);
  const found = [...files.values()].map(({ path, target, compile }) => ({ path, target, compile }));
  if (manifest.layout === "flat") return { files: found, launcher: [] };
  if (!files.has("main.py"))
    throw fail(yaml, ["files"], "cli/manifest-main", `${yaml.source.file} brings no main.py`, "add main.py to files");
  const launcher = profile.framework.launcher.map((file) => asSource(join(device, file), `/${file}`, true));
  return { files: found, launcher };
}

async function driverSource(profile: Profile, driver: string, index: number): Promise<SourceFile> {
  const path = join(assetFolder("device"), "drivers", `${driver}.py`);
  const known = /^\w+$/.test(driver) && (await isFile(path));
  if (!known)
    throw fail(
      profile.yaml,
      ["drivers", index],
      "cli/file-missing",
      `there is no driver "${driver}"`,
      "list your own drivers under files",
    );
  return asSource(path, `lib/${driver}.py`, profile.manifest.compile);
}

type OwnEntry = Profile["manifest"]["files"][number];

async function ownSource(profile: Profile, entry: OwnEntry, index: number): Promise<SourceFile> {
  const { place, yaml, manifest } = profile;
  const [from, to] = typeof entry === "string" ? [entry, entry] : [entry.from, entry.to];
  const path = join(place.profileFolder, from);
  if (isAbsolute(from) || !isWithin(place.rootFolder, path)) throw outside(profile, from, index);
  if (!(await isFile(path))) {
    throw await missing(profile, { path, from, index });
  }
  if (!isWithin(await realpath(place.rootFolder), await realpath(path))) throw outside(profile, from, index);
  const target = posix.normalize(to.replaceAll("\\", "/"));
  const reserved = manifest.layout === "slots" && target === "release.json";
  if (target.startsWith("/") || target.startsWith("..") || target === "." || reserved) {
    throw fail(
      yaml,
      ["files", index],
      "cli/manifest-path",
      `"${to}" cannot be a path ${manifest.layout === "slots" ? "in a slot" : "below the board's root"}`,
      "give a relative one: {from: x, to: lib/x.py}",
    );
  }
  if (target.length > MAX_TARGET_CHARS)
    throw fail(yaml, ["files", index], "cli/manifest-path", `"${to}" is too long for a path on a board`, tooLongHint);
  return asSource(path, target, manifest.compile);
}

/** MicroPython keeps the name of a module in one byte of length. */
const MAX_TARGET_CHARS = 200;
const tooLongHint = `a path in a slot has up to ${MAX_TARGET_CHARS} characters`;

async function missing(
  profile: Profile,
  { path, from, index }: { readonly path: string; readonly from: string; readonly index: number },
): Promise<Error> {
  const at = ["files", index];
  const name = near(profile, path);
  if (await isFolder(path))
    return fail(profile.yaml, at, "cli/file-missing", `${name} is a folder`, "list its files one by one");
  const message = `the file ${name} does not exist${await similar(profile.place.profileFolder, from)}`;
  return fail(profile.yaml, at, "cli/file-missing", message, "create it, or take it off the list");
}

function outside(profile: Profile, from: string, index: number): Error {
  const message = `"${from}" lies outside the project`;
  return fail(
    profile.yaml,
    ["files", index],
    "cli/manifest-path",
    message,
    "copy it into the project; links out of it are not followed",
  );
}

async function similar(folder: string, name: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  return didYouMean(name, names);
}

/** Files that MicroPython starts by name stay source, in a slot and above. */
function asSource(path: string, target: string, compile: boolean): SourceFile {
  if (!compile || !target.endsWith(".py") || /^\/?(main|boot)\.py$/.test(target))
    return { path, target, compile: false };
  return { path, target: target.replace(/\.py$/, ".mpy"), compile: true };
}

function checkKeep({ manifest, yaml }: Profile, files: ReadonlyMap<string, { readonly target: string }>): void {
  for (const [index, pattern] of manifest.keep.entries()) {
    const outsideSlot = manifest.layout === "slots" && pattern.startsWith("/");
    if (outsideSlot || pattern.split("/").includes(".."))
      throw fail(
        yaml,
        ["keep", index],
        "cli/manifest-path",
        `keep "${pattern}" leads out of the slot`,
        "give it relative to the slot, for example data/*; files outside the slots are never touched",
      );
    const hit = [...files.keys()].find((target) => isKept(target, [pattern]));
    if (hit === undefined) continue;
    const message = `keep "${pattern}" covers ${hit}, which the release brings`;
    throw fail(
      yaml,
      ["keep", index],
      "cli/manifest-keep",
      message,
      "what is kept is the program's own data: narrow the pattern",
    );
  }
}

const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

const near = ({ place }: Profile, path: string): string => {
  const way = relative(place.rootFolder, path);
  return way.startsWith("..") ? path : way;
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );

/** The bytes of a source file. */
export const readBytes = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(path));
