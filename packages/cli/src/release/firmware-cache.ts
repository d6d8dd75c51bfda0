import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Env } from "../context.ts";
import { cacheFolder } from "./cache.ts";

/**
 * Where the file of a URL is kept: under its own name, in a folder named as its host, so that a person can put it there.
 */
export function firmwareCachePath(env: Env, url: string): string {
  const { host, pathname } = new URL(url);
  const name = basename(decodeURIComponent(pathname)) || "index";
  return join(cacheFolder(env), "firmware", host.replaceAll(":", "_"), name.replaceAll(/[^\w.+-]/g, "_"));
}

/** What is kept there, or null. */
export async function readFirmwareCache(path: string): Promise<Uint8Array | null> {
  const bytes = await readFile(path).catch(() => null);
  return bytes === null || bytes.length === 0 ? null : new Uint8Array(bytes);
}

/** Keeps a file; failing to is no failure of the work: the next run fetches it again. */
export async function writeFirmwareCache(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch {
    return;
  }
}
