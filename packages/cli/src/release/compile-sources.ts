import { join } from "node:path";
import type { SourceFile as ReleaseSourceFile } from "@espx/ota";
import type { Context } from "../context.ts";
import { errorAt, readSource } from "../project/source.ts";
import { cacheFolder, cacheKey, createCache, type ContentCache } from "./cache.ts";
import { createCompiler, type Compiler } from "./compiler.ts";
import { readBytes, type SourceFile, type Sources } from "./sources.ts";

/** The contents of all sources, and how much of them had to be compiled. */
export interface CompiledSources {
  readonly files: readonly ReleaseSourceFile[];
  readonly launcher: readonly ReleaseSourceFile[];
  readonly compiled: number;
  readonly fromCache: number;
}

interface Tools {
  readonly compiler: Compiler;
  readonly cache: ContentCache;
}

/**
 * Reads all sources and compiles what is to be compiled, each content only once on this computer.
 *
 * @throws ConfigError `cli/python-syntax` for any `.py` that MicroPython does not take, compiled or not
 */
export async function compileSources(ctx: Context, { files, launcher }: Sources): Promise<CompiledSources> {
  const tools: Tools = { compiler: createCompiler(), cache: createCache(join(cacheFolder(ctx.env), "mpy")) };
  let fromCache = 0;
  const read = (sources: readonly SourceFile[]): Promise<readonly ReleaseSourceFile[]> =>
    Promise.all(
      sources.map(async (file) => {
        if (!file.compile) return { path: file.target, bytes: await readBytes(file.path) };
        const { mpy, cached } = await compileFile(ctx, file, tools);
        if (cached) fromCache++;
        return { path: file.target, bytes: mpy };
      }),
    );
  try {
    await checkSyntax(ctx, files, tools);
    const contents = { files: await read(files), launcher: await read(launcher) };
    return { ...contents, compiled: [...files, ...launcher].filter((file) => file.compile).length, fromCache };
  } finally {
    await tools.compiler.close();
  }
}

/** What the interpreter calls a file, compiled or not. */
export const nameOnBoard = ({ target }: SourceFile): string => target.replace(/^\//, "").replace(/\.mpy$/, ".py");

/** Sources that stay `.py` are compiled too, only to see whether they can be. */
async function checkSyntax(ctx: Context, files: readonly SourceFile[], tools: Tools): Promise<void> {
  const plain = files.filter((file) => !file.compile && file.target.endsWith(".py"));
  await Promise.all(plain.map((file) => compileFile(ctx, file, tools)));
}

async function compileFile(
  ctx: Context,
  file: SourceFile,
  { compiler, cache }: Tools,
): Promise<{ mpy: Uint8Array; cached: boolean }> {
  const source = await readSource(file.path, ctx.cwd);
  const name = nameOnBoard(file);
  const key = cacheKey(compiler.identity, name, source.text);
  const stored = await cache.get(key);
  if (stored !== null) return { mpy: stored, cached: true };
  const { mpy, text } = await compiler.compile(name, source.text);
  if (mpy !== null) {
    await cache.put(key, mpy);
    return { mpy, cached: false };
  }
  const line = Number(/line (\d+)/.exec(text)?.[1] ?? "1");
  const reason = text.trim().split("\n").at(-1) ?? "";
  const column = (/^\s*/.exec(source.text.split("\n")[line - 1] ?? "")?.[0].length ?? 0) + 1;
  throw errorAt(
    source,
    { line, column },
    {
      code: "cli/python-syntax",
      message: `${source.file} is not Python that MicroPython compiles: ${reason}`,
      hint: "mend the line that is shown; nothing was sent",
    },
  );
}
