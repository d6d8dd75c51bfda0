import { createHash } from "node:crypto";
import { buildRelease, flatRelease, type FlatRelease } from "@espx/ota";
import type { Release, Sha256 } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Profile } from "../project/profile.ts";
import { shownPath } from "../project/source.ts";
import { compileSources, nameOnBoard } from "./compile-sources.ts";
import { resolveSources, type SourceFile } from "./sources.ts";

/** A release, and how much of it had to be compiled. */
interface Built<R> {
  readonly release: R;
  readonly compiled: number;
  readonly fromCache: number;
  /** Names that tracebacks on the board give files, with where each lies here. */
  readonly localFiles: ReadonlyMap<string, string>;
}

export type BuiltRelease = Built<Release>;

export const sha256: Sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());

/**
 * Builds the release of a profile: resolves its files and compiles them, each content only once on this computer.
 *
 * @param config - content of the device's config file, or null to leave the board's own
 * @throws ConfigError `cli/python-syntax` and those of resolving sources
 */
export async function buildProfile(ctx: Context, profile: Profile, config: string | null): Promise<BuiltRelease> {
  const sources = await resolveSources(profile);
  const { files, launcher, compiled, fromCache } = await compileSources(ctx, sources);
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
  // Compiled code bears the name that the compiler was told; source is called by its path, and bare names are the launcher's.
  const localFiles = namesOf(ctx, sources.files, (name, { compile }) =>
    compile ? [name] : [`/a/${name}`, `/b/${name}`],
  );
  return { release, compiled, fromCache, localFiles };
}

/**
 * Builds what goes on a board without slots: the files alone, below its root.
 *
 * @throws ConfigError `cli/python-syntax` and those of resolving sources
 */
export async function buildFlat(ctx: Context, profile: Profile): Promise<Built<FlatRelease>> {
  const sources = await resolveSources(profile);
  const { files, compiled, fromCache } = await compileSources(ctx, sources);
  const release = await flatRelease(profile.name, files, sha256);
  const localFiles = namesOf(ctx, sources.files, (name) => [name, `/${name}`]);
  return { release, compiled, fromCache, localFiles };
}

type NamesOf = (name: string, file: SourceFile) => readonly string[];

function namesOf(ctx: Context, files: readonly SourceFile[], names: NamesOf): ReadonlyMap<string, string> {
  const pairs = files.flatMap((file) =>
    names(nameOnBoard(file), file).map((name) => [name, shownPath(file.path, ctx.cwd)] as const),
  );
  return new Map(pairs);
}
