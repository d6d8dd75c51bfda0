import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Env } from "../context.ts";

/** The user's folder for what can be made again. */
export function cacheFolder(env: Env): string {
  if (env["ESPX_CACHE_DIR"] !== undefined && env["ESPX_CACHE_DIR"] !== "") return env["ESPX_CACHE_DIR"];
  if (process.platform === "win32") return join(env["LOCALAPPDATA"] ?? homedir(), "espx", "cache");
  return join(env["XDG_CACHE_HOME"] ?? join(env["HOME"] ?? homedir(), ".cache"), "espx");
}

/** Bytes kept by what they were made from. */
export interface ContentCache {
  get(key: string): Promise<Uint8Array | null>;
  /** Failing to write is no failure of the work: the next run makes it again. */
  put(key: string, content: Uint8Array): Promise<void>;
}

/** A cache of files, each with its own SHA-256 in front, so that a torn one is made again. */
export function createCache(folder: string): ContentCache {
  const pathOf = (key: string): string => join(folder, key.slice(0, 2), key.slice(2));
  return {
    async get(key) {
      const stored = await readFile(pathOf(key)).catch(() => null);
      if (stored === null || stored.length < DIGEST_BYTES) return null;
      const content = stored.subarray(DIGEST_BYTES);
      return digest(content).equals(stored.subarray(0, DIGEST_BYTES)) ? new Uint8Array(content) : null;
    },
    async put(key, content) {
      const path = pathOf(key);
      const temporary = `${path}.${randomBytes(6).toString("hex")}`;
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(temporary, Buffer.concat([digest(content), content]));
        await rename(temporary, path);
      } catch {
        return;
      }
    },
  };
}

/** A key from everything that decides about the content. */
export function cacheKey(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}\n${part}`);
  return hash.digest("hex");
}

const DIGEST_BYTES = 32;

const digest = (content: Uint8Array): Buffer => createHash("sha256").update(content).digest();
