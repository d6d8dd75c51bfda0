import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createCompiler } from "../../packages/cli/src/release/compiler.ts";

const deviceFolder = join(import.meta.dirname, "..");

let files: Promise<Readonly<Record<string, Uint8Array>>> | undefined;

/** The compiled framework and launcher library: `espx/loop.mpy` to bytes, `safe/slots.mpy` to bytes. */
export function compiledFiles(): Promise<Readonly<Record<string, Uint8Array>>> {
  files ??= compile();
  return files;
}

/** The text of a file of device/, for example `main.py`. */
export const source = (path: string): string => readFileSync(join(deviceFolder, path), "utf8");

async function compile(): Promise<Readonly<Record<string, Uint8Array>>> {
  const compiler = createCompiler();
  try {
    const compiled: Record<string, Uint8Array> = {};
    for (const name of [...folder("espx"), ...folder("safe")]) {
      const { mpy, text } = await compiler.compile(name, source(name));
      if (mpy === null) throw new Error(`${name}: ${text}`);
      compiled[name.replace(/\.py$/, ".mpy")] = mpy;
    }
    return compiled;
  } finally {
    await compiler.close();
  }
}

function folder(name: string): string[] {
  return readdirSync(join(deviceFolder, name))
    .filter((file) => file.endsWith(".py"))
    .map((file) => `${name}/${file}`);
}
