import module from "node:module";
import { join } from "node:path";
import type { Env } from "./context.ts";
import { cacheFolder } from "./release/cache.ts";

/** Node 22.8 and later have it. */
interface CompileCache {
  readonly enableCompileCache?: (folder: string) => unknown;
}

/**
 * Keeps what Node compiles of espx for the next start, where Node can.
 *
 * In the user's own cache folder: what is read from there is run, so nobody else may write there as in the folder that Node would take.
 */
export function keepCompiledCode(env: Env): void {
  (module as CompileCache).enableCompileCache?.(join(cacheFolder(env), "node"));
}
