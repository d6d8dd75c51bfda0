import { createHash } from "node:crypto";
import { join } from "node:path";
import { buildRelease } from "@espx/ota";
import type { Release, Sha256 } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Profile } from "../project/profile.ts";
import { errorAt, readSource, shownPath } from "../project/source.ts";
import { cacheFolder, cacheKey, createCache, type ContentCache } from "./cache.ts";
import { createCompiler, type Compiler } from "./compiler.ts";
import { readBytes, resolveSources, type SourceFile } from "./sources.ts";

/** A release, and how much of it had to be compiled. */
export interface BuiltRelease {
  readonly release: Release;
  readonly compiled: number;
  readonly fromCache: number;
  /** Names that tracebacks on the board give files, with where each lies here. */
  readonly localFiles: ReadonlyMap<string, string>;
}

export const sha256: Sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());

/**
 * Builds the release of a profile: resolves its files and compiles them, each content only once on this computer.
 *
 * @param config - content of the device's config file, or null to leave the board's own
 * @throws ConfigError `cli/python-syntax` and those of resolving sources
 */
export async function buildProfile(ctx: Context, profile: Profile, config: string | null): Promise<BuiltRelease> {
  const sources = await resolveSources(profile);
  const compiler = createCompiler();
  const cache = createCache(join(cacheFolder(ctx.env), "mpy"));
  let fromCache = 0;
  try {
    const read = (files: readonly SourceFile[]) =>
      Promise.all(
        files.map(async (file) => {
          if (!file.compile) return { path: file.target, bytes: await readBytes(file.path) };
          const { mpy, cached } = await compileFile(ctx, file, { compiler, cache });
          if (cached) fromCache++;
          return { path: file.target, bytes: mpy };
        }),
      );
    await checkSyntax(ctx, sources.files, { compiler, cache });
    const [files, launcher] = [await read(sources.files), await read(sources.launcher)];
    const release = await buildRelease(
      {
        profile: profile.name,
        sequence: 0,
        components: profile.modules.filter((module) => module.component).map((module) => module.name),
        keep: profile.manifest.keep,
        files,
        launcher,
        config: config === null ? null : new TextEncoder().encode(config),
      },
      sha256,
    );
    const compiled = [...sources.files, ...sources.launcher].filter((file) => file.compile).length;
    return { release, compiled, fromCache, localFiles: localFiles(ctx, sources.files) };
  } finally {
    await compiler.close();
  }
}

/** What the interpreter calls a file, compiled or not. */
const nameOnBoard = ({ target }: SourceFile): string => target.replace(/^\//, "").replace(/\.mpy$/, ".py");

/** Compiled code bears the name that the compiler was told; source is called by its path, and bare names are the launcher's. */
function localFiles(ctx: Context, files: readonly SourceFile[]): ReadonlyMap<string, string> {
  return new Map(
    files.flatMap((file) => {
      const name = nameOnBoard(file);
      const names = file.compile ? [name] : [`/a/${name}`, `/b/${name}`];
      return names.map((onBoard) => [onBoard, shownPath(file.path, ctx.cwd)] as const);
    }),
  );
}

interface Tools {
  readonly compiler: Compiler;
  readonly cache: ContentCache;
}

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
