import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What esbuild says about a build, as far as it matters here. */
interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** The folders of the packages that went into a bundle, from the paths of its sources. */
export function bundledPackages({ inputs }: Metafile): readonly string[] {
  const folders = Object.keys(inputs).flatMap(
    (path) => /.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? [],
  );
  return [...new Set(folders)].toSorted();
}

/**
 * The licenses of packages whose code is given on in a bundle.
 *
 * @throws Error for a package without a license's text
 */
export function notices(folders: readonly string[]): string {
  return folders.map(notice).join("\n");
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Package;
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no text of its license in ${folder}`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}
