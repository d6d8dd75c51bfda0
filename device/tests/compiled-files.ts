import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

export const deviceFolder = join(import.meta.dirname, "..");

let files: Promise<Readonly<Record<string, Uint8Array>>> | undefined;

/** The compiled framework and launcher library: `espx/loop.mpy` to bytes, `safe/slots.mpy` to bytes. */
export function compiledFiles(): Promise<Readonly<Record<string, Uint8Array>>> {
  files ??= compile();
  return files;
}

/** The text of a file of device/, for example `main.py`. */
export const source = (path: string): string => readFileSync(join(deviceFolder, path), "utf8");

async function compile(): Promise<Readonly<Record<string, Uint8Array>>> {
  const names = [...folder("espx"), ...folder("safe")];
  const sources = Object.fromEntries(names.map((name) => [name, source(name)]));
  const worker = new Worker(new URL("compile-worker.mjs", import.meta.url), { workerData: sources });
  const compiled = await new Promise<Record<string, Uint8Array>>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return Object.fromEntries(Object.entries(compiled).map(([name, bytes]) => [name.replace(/\.py$/, ".mpy"), bytes]));
}

function folder(name: string): string[] {
  return readdirSync(join(deviceFolder, name))
    .filter((file) => file.endsWith(".py"))
    .map((file) => `${name}/${file}`);
}
