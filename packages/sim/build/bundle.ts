import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Folder of everything that is built once and kept; its files are named by their content or by what they are made of. */
export const cacheFolder = fileURLToPath(new URL("../.cache", import.meta.url));

/** Bundles a TypeScript entry for a worker, which would not know how to load sources; answers the code. */
export async function bundleWorker(entry: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    // The code names its sources relative to this folder; without it, the same code would differ by where it is built.
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@espx/source"],
    external: ["binaryen"],
    logLevel: "silent",
  });
  return result.outputFiles[0]?.contents ?? new Uint8Array();
}

/** {@link bundleWorker} into a file of the cache; answers its path. */
export async function bundleIntoCache(entry: string, name: string): Promise<string> {
  const code = await bundleWorker(entry);
  const path = join(cacheFolder, "workers", `${name}-${sha256(code).slice(0, 16)}.mjs`);
  await writeWhole(path, code);
  return path;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes a file so that others see all of it or nothing. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
