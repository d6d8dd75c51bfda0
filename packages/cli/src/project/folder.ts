import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { NotFoundError, UsageError } from "@espx/proto";
import { ignoreRules, type IgnoreRules } from "./ignore.ts";
import { errorIn } from "./source.ts";

/** A file below a folder that shall go on a board. */
interface FolderFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** What of a folder goes on a board. */
export interface FolderFiles {
  readonly files: readonly FolderFile[];
  /** What does not, folders with a `/` at their end; what is in them is not listed. */
  readonly leftOut: readonly string[];
  readonly rules: IgnoreRules;
}

/** The largest flash that ESP32 boards carry. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 4_000;
const MAX_DEPTH = 16;

/**
 * Lists a folder, without what is always left out, what its `.espxignore` names, and `ignore`.
 *
 * @throws NotFoundError `cli/folder-empty`; UsageError `cli/folder-size`; ConfigError `cli/manifest-path` for a link that
 *   leads out of the folder
 */
export async function listFolder(folder: string, ignore: readonly string[]): Promise<FolderFiles> {
  const own = await readFile(join(folder, ".espxignore"), "utf8").catch(() => "");
  const rules = ignoreRules([...own.split(/\r?\n/), ...ignore]);
  const found: Found = { root: await realpath(folder), folder, files: [], leftOut: [], sizeBytes: 0, rules };
  await walk(found, []);
  if (found.files.length > 0) return found;
  const what =
    found.leftOut.length === 0 ? "is empty" : `holds nothing for a board (left out: ${shown(found.leftOut)})`;
  throw new NotFoundError("cli/folder-empty", `the folder ${folder} ${what}`, {
    hint: "a pattern with ! in .espxignore, or --ignore '!PATTERN', brings a file back",
  });
}

interface Found {
  readonly root: string;
  readonly folder: string;
  readonly files: FolderFile[];
  readonly leftOut: string[];
  readonly rules: IgnoreRules;
  sizeBytes: number;
}

async function walk(found: Found, way: readonly string[]): Promise<void> {
  const names = (await readdir(join(found.folder, ...way))).toSorted((left, right) => (left < right ? -1 : 1));
  for (const name of names) {
    const path = [...way, name].join("/");
    const facts = await stat(join(found.folder, path)).catch(() => null);
    const isFolder = facts?.isDirectory() === true;
    if (facts === null || found.rules.ignores(path, isFolder)) found.leftOut.push(isFolder ? `${path}/` : path);
    else if (isFolder) await walkInto(found, [...way, name]);
    else if (facts.isFile()) await take(found, { path, sizeBytes: facts.size, mtimeMs: facts.mtimeMs });
  }
}

async function walkInto(found: Found, way: readonly string[]): Promise<void> {
  if (way.length <= MAX_DEPTH) return walk(found, way);
  throw tooLarge(found, `is more than ${MAX_DEPTH} folders deep at ${way.join("/")}`);
}

async function take(found: Found, file: FolderFile): Promise<void> {
  const way = relative(found.root, await realpath(join(found.folder, file.path)));
  if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw errorIn(join(found.folder, file.path), {
      code: "cli/manifest-path",
      message: `${file.path} is a link that leads out of the folder`,
      hint: "copy what it names into the folder, or leave it out with --ignore",
    });
  }
  found.files.push(file);
  found.sizeBytes += file.sizeBytes;
  if (found.files.length > MAX_FILES) throw tooLarge(found, `has more than ${MAX_FILES} files`);
  if (found.sizeBytes > MAX_BYTES) throw tooLarge(found, "has more than 16 MB");
}

function tooLarge({ folder }: Found, what: string): UsageError {
  return new UsageError("cli/folder-size", `the folder ${folder} ${what}; no board has room for it`, {
    hint: "is it the right folder? Leave files out with --ignore PATTERN or .espxignore",
  });
}

/** A list of paths as far as a person reads it. */
export function shown(paths: readonly string[]): string {
  const some = paths.slice(0, 6).join(", ");
  return paths.length <= 6 ? some : `${some} and ${paths.length - 6} more`;
}
