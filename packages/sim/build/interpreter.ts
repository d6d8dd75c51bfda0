import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { InternalError, VerifyError } from "@espx/proto";
import { bundleWorker, cacheFolder, sha256, writeWhole } from "./bundle.ts";
import type { InterpreterLayout } from "../src/vm/layout.ts";
import { finishInterpreter, finishSources } from "./finish.ts";
import type { PatchedInterpreter, PatchTask } from "./patch-worker.ts";

/** SHA-256 of `micropython.wasm` in `@micropython/micropython-webassembly-pyscript` 1.27.0. */
const sourceSha256 = "06338c955b03c5700aa0069015d3e392d76836ef8e2ce25bedbe59b88ccd373c";

/** Where the built interpreter lies. */
export interface InterpreterFiles {
  readonly wasm: string;
  /** JSON of an `InterpreterLayout`. */
  readonly layout: string;
}

/**
 * Builds the interpreter of the virtual board when it is not there yet: about 4 s once, then nothing.
 *
 * @throws VerifyError `sim/interpreter-changed` when the npm package is not the one that the patch was written for
 * @throws InternalError `sim/interpreter-unknown` when the patch does not find its places
 */
export async function ensureInterpreter(): Promise<InterpreterFiles> {
  const source = await readSource();
  const patchCode = await bundleWorker("patch-worker.ts");
  const patchKey = key([sha256(source), sha256(patchCode), await binaryenVersion()]);
  const files = filesOf(key([patchKey, ...(await Promise.all(finishSources.map(sourceSha256Of)))]));
  if (isBuilt(files)) return files;
  const patched = await ensurePatched(patchKey, patchCode, source);
  const layout = await readFile(patched.layout, "utf8");
  const wasm = finishInterpreter(await readFile(patched.wasm), JSON.parse(layout) as InterpreterLayout);
  await writeFiles(files, { wasm, layout });
  return files;
}

/** An interpreter whose collector misses what only C functions hold: what tests of the collector must find broken. */
export async function buildBrokenCollector(): Promise<PatchedInterpreter> {
  const source = await readSource();
  const codePath = join(cacheFolder, "broken-collector", `patch-${process.pid}.mjs`);
  await writeWhole(codePath, await bundleWorker("patch-worker.ts"));
  const { wasm, layout } = await patchInWorker(codePath, { source, spill: false });
  return { wasm: finishInterpreter(wasm, layout), layout };
}

async function readSource(): Promise<Uint8Array> {
  const require = createRequire(import.meta.url);
  const path = join(dirname(require.resolve("@micropython/micropython-webassembly-pyscript")), "micropython.wasm");
  const source = await readFile(path);
  verifySource(source, path);
  return source;
}

/** The long step, kept by itself. */
async function ensurePatched(patchKey: string, code: Uint8Array, source: Uint8Array): Promise<InterpreterFiles> {
  const files = filesOf(`patched-${patchKey}`);
  if (isBuilt(files)) return files;
  const codePath = join(cacheFolder, `patched-${patchKey}`, "patch.mjs");
  await writeWhole(codePath, code);
  const { wasm, layout } = await patchInWorker(codePath, { source, spill: true });
  await writeFiles(files, { wasm, layout: JSON.stringify(layout) });
  return files;
}

function key(parts: readonly string[]): string {
  return sha256(parts.join("\n")).slice(0, 16);
}

function filesOf(folder: string): InterpreterFiles {
  return {
    wasm: join(cacheFolder, folder, "interpreter.wasm"),
    layout: join(cacheFolder, folder, "interpreter.json"),
  };
}

function isBuilt({ wasm, layout }: InterpreterFiles): boolean {
  return existsSync(wasm) && existsSync(layout);
}

/** The wasm comes last: where it is, all is. */
async function writeFiles(
  files: InterpreterFiles,
  { wasm, layout }: { readonly wasm: Uint8Array; readonly layout: string },
): Promise<void> {
  await writeWhole(files.layout, layout);
  await writeWhole(files.wasm, wasm);
}

async function sourceSha256Of(name: string): Promise<string> {
  return sha256(await readFile(fileURLToPath(new URL(name, import.meta.url))));
}

/** @throws VerifyError `sim/interpreter-changed` when `source`, read from `path`, is not the pinned one */
export function verifySource(source: Uint8Array, path: string): void {
  const found = sha256(source);
  if (found === sourceSha256) return;
  throw new VerifyError("sim/interpreter-changed", `${path} has SHA-256 ${found}, expected ${sourceSha256}`, {
    hint: "Install the pinned version: npm ci",
  });
}

/** In a worker of its own and from plain JavaScript: loaders of TypeScript would take 10 s over binaryen's sources. */
function patchInWorker(codePath: string, task: PatchTask): Promise<PatchedInterpreter> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(pathToFileURL(codePath), { workerData: task, execArgv: [] });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(new InternalError("sim/interpreter-unknown", `the patch ended with code ${code}`)),
    );
  });
}

async function binaryenVersion(): Promise<string> {
  const entry = fileURLToPath(import.meta.resolve("binaryen"));
  const { version } = JSON.parse(await readFile(join(dirname(entry), "package.json"), "utf8")) as {
    readonly version: string;
  };
  return version;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${JSON.stringify(await ensureInterpreter(), undefined, 2)}\n`);
}
