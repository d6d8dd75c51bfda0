import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assetNames, type SimAssetFiles } from "../src/asset-files.ts";
import { bundleIntoCache, bundleWorker, writeWhole } from "./bundle.ts";
import { ensureInterpreter } from "./interpreter.ts";

const pythonFolder = fileURLToPath(new URL("../src/python", import.meta.url));

/** Builds what a virtual board is made of, from sources, as far as it is not built yet. */
export async function buildAssets(): Promise<SimAssetFiles> {
  const [interpreter, worker] = await Promise.all([
    ensureInterpreter(),
    bundleIntoCache("../src/worker/board-worker.ts", "board-worker"),
  ]);
  return { ...interpreter, worker, python: pythonFolder };
}

/** Puts them into a folder of a package, where `ESPX_SIM_ASSETS` or the option `assets` finds them. */
export async function packAssets(folder: string): Promise<void> {
  const files = await ensureInterpreter();
  await mkdir(join(folder, assetNames.python), { recursive: true });
  await copyFile(files.wasm, join(folder, assetNames.wasm));
  await copyFile(files.layout, join(folder, assetNames.layout));
  await writeWhole(join(folder, assetNames.worker), await bundleWorker("../src/worker/board-worker.ts"));
  for (const name of await readdir(pythonFolder)) {
    await writeWhole(join(folder, assetNames.python, basename(name)), await readFile(join(pythonFolder, name)));
  }
}
