import { posix } from "node:path";
import { isKept } from "@espx/ota";

/** What decides whether a file of a folder is left out; the last pattern that fits counts. */
export interface IgnoreRules {
  /** @param path - relative to the folder, with `/` */
  ignores(path: string, isFolder: boolean): boolean;
  /** Whether a file, or a folder around it, is left out. */
  covers(path: string): boolean;
}

/** What no board needs: hidden files, caches, a person's notes, and the files of desktop tools. */
const alwaysIgnored = [
  ".*",
  "__pycache__/",
  "*.pyc",
  "*.pyo",
  "*.pyi",
  "*.md",
  "*.rst",
  "LICENSE*",
  "node_modules/",
  "venv/",
  "*~",
  "*.swp",
  "espx.yaml",
  "espx.secrets.yaml",
  "pyproject.toml",
  "requirements*.txt",
  "*.lock",
] as const;

/**
 * Reads patterns in the manner of git: one with a `/` is held against the path from the folder, others against each name;
 * one that ends in `/` fits folders only; `!` takes an earlier pattern back; `#` first in a line is a comment.
 *
 * @param own - lines of `.espxignore`, then those of `--ignore`; both come after what is always left out
 */
export function ignoreRules(own: readonly string[]): IgnoreRules {
  const rules = [...alwaysIgnored, ...own].flatMap((line) => parseRule(line));
  const ignores = (path: string, isFolder: boolean): boolean =>
    rules.findLast((rule) => fits(rule, path, isFolder))?.negated === false;
  return {
    ignores,
    covers(path) {
      const names = path.split("/");
      return names.some((_, index) => ignores(names.slice(0, index + 1).join("/"), index < names.length - 1));
    },
  };
}

interface Rule {
  readonly glob: string;
  readonly negated: boolean;
  readonly anchored: boolean;
  readonly foldersOnly: boolean;
}

function parseRule(line: string): readonly Rule[] {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return [];
  const negated = text.startsWith("!");
  const pattern = negated ? text.slice(1) : text;
  const bare = pattern.replace(/\/+$/, "");
  const anchored = bare.includes("/");
  const glob = bare.replace(/^\.?\//, "");
  return glob === "" ? [] : [{ glob, negated, anchored, foldersOnly: bare !== pattern }];
}

function fits({ glob, anchored, foldersOnly }: Rule, path: string, isFolder: boolean): boolean {
  if (foldersOnly && !isFolder) return false;
  return isKept(anchored ? path : posix.basename(path), [glob]);
}
