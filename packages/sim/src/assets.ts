import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { NotFoundError } from "@espx/proto";
import { assetNames, type SimAssetFiles } from "./asset-files.ts";
import type { InterpreterLayout } from "./vm/layout.ts";
import type { BootImage } from "./worker/start-data.ts";

/** What a virtual board is made of, loaded. */
export interface SimAssets {
  readonly module: WebAssembly.Module;
  readonly layout: InterpreterLayout;
  readonly worker: URL;
  /** Sources by module name. */
  readonly python: Readonly<Record<string, string>>;
  /** Interpreters with their support modules loaded, by heap size: the first boot of a size leaves one to the next. */
  readonly images: Map<number, BootImage>;
}

const loaded = new Map<string, Promise<SimAssets>>();

/**
 * Finds and loads what boards are made of, once per process and folder.
 *
 * @param folder - a packed folder; else `ESPX_SIM_ASSETS`, else the build from this package's sources
 * @throws NotFoundError `sim/assets-missing`
 */
export function loadAssets(folder: string | undefined = process.env["ESPX_SIM_ASSETS"]): Promise<SimAssets> {
  const key = folder ?? "";
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const loading = findAssets(folder);
  loaded.set(key, loading);
  return loading;
}

async function findAssets(folder: string | undefined): Promise<SimAssets> {
  return readAssets(folder === undefined ? await buildFiles() : packedFiles(folder));
}

function packedFiles(folder: string): SimAssetFiles {
  const missing = Object.values(assetNames).find((name: string) => !existsSync(join(folder, name)));
  if (missing !== undefined) {
    throw new NotFoundError("sim/assets-missing", `${join(folder, missing)} is missing, the virtual board needs it`, {
      hint: "Install the package again, or run npm run build in its sources.",
    });
  }
  return {
    wasm: join(folder, assetNames.wasm),
    layout: join(folder, assetNames.layout),
    worker: join(folder, assetNames.worker),
    python: join(folder, assetNames.python),
  };
}

/** The build is not part of what is shipped, hence the address that no bundler sees. */
async function buildFiles(): Promise<SimAssetFiles> {
  const build = new URL("../build/assets.ts", import.meta.url);
  if (!existsSync(build)) {
    throw new NotFoundError("sim/assets-missing", "the parts of the virtual board are neither packed nor built", {
      hint: "Set ESPX_SIM_ASSETS to the folder that holds interpreter.wasm.",
    });
  }
  const { buildAssets } = (await import(/* @vite-ignore */ build.href)) as {
    buildAssets: () => Promise<SimAssetFiles>;
  };
  return buildAssets();
}

async function readAssets(files: SimAssetFiles): Promise<SimAssets> {
  const names = (await readdir(files.python)).filter((name) => name.endsWith(".py")).sort();
  const sources = await Promise.all(names.map((name) => readFile(join(files.python, name), "utf8")));
  return {
    module: await WebAssembly.compile(await readFile(files.wasm)),
    layout: JSON.parse(await readFile(files.layout, "utf8")) as InterpreterLayout,
    worker: pathToFileURL(files.worker),
    images: new Map(),
    python: Object.fromEntries(names.map((name, index) => [name.slice(0, -".py".length), sources[index] ?? ""])),
  };
}
