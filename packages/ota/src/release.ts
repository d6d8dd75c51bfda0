import { formatHex, UsageError } from "@espx/proto";
import type { Release, ReleaseFile, Sha256 } from "@espx/proto";

/** A file as a builder hands it in, before it is hashed. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What a manifest comes to, before it has an id. */
export interface ReleaseSource {
  readonly profile: string;
  /** 0 for a release that never leaves the desk. */
  readonly sequence: number;
  /** Framework components to start. */
  readonly components: readonly string[];
  readonly keep: readonly string[];
  /** Relative to the slot; `release.json` is added here. */
  readonly files: readonly SourceFile[];
  /** Absolute paths outside the slots. */
  readonly launcher: readonly SourceFile[];
  readonly config: Uint8Array | null;
}

/**
 * Hashes everything, computes the id and adds `release.json`.
 *
 * @throws UsageError `ota/bad-path` for a path that is absolute where it must be relative, goes up, is empty, or comes twice
 * @source SPEC.md section 5
 */
export async function buildRelease(source: ReleaseSource, sha256: Sha256): Promise<Release> {
  checkPaths(source.files, /^(?!\/)/);
  checkPaths(source.launcher, /^\//);
  const named = source.files.filter((file) => file.path !== "release.json");
  const files = await Promise.all(named.map((file) => hashFile(file, sha256)));
  const id = await releaseId(source.profile, files, sha256);
  const about = { path: "release.json", bytes: formatReleaseJson(id, source) };
  return {
    id,
    profile: source.profile,
    sequence: source.sequence,
    files: [...files, await hashFile(about, sha256)].toSorted(byPath),
    launcher: await Promise.all(source.launcher.map((file) => hashFile(file, sha256))),
    keep: source.keep,
    config: source.config === null ? null : await hashFile({ path: "config.txt", bytes: source.config }, sha256),
  };
}

/**
 * `<profile>-<first 8 hexadecimal digits>` of the SHA-256 over one line `path size sha256` a file, in byte order of paths.
 *
 * @source SPEC.md section 5
 */
export async function releaseId(
  profile: string,
  files: readonly Omit<ReleaseFile, "bytes">[],
  sha256: Sha256,
): Promise<string> {
  const counted = files.filter((file) => file.path !== "release.json").toSorted(byPath);
  const lines = counted.map((file) => `${file.path} ${file.sizeBytes} ${file.sha256}\n`);
  const digest = formatHex(await sha256(new TextEncoder().encode(lines.join(""))));
  return `${profile}-${digest.slice(0, 8)}`;
}

/**
 * Checks paths relative to a root, and hashes the files.
 *
 * @throws UsageError `ota/bad-path`
 */
export function hashFiles(files: readonly SourceFile[], sha256: Sha256): Promise<readonly ReleaseFile[]> {
  checkPaths(files, /^(?!\/)/);
  return Promise.all(files.map((file) => hashFile(file, sha256)));
}

async function hashFile(file: SourceFile, sha256: Sha256): Promise<ReleaseFile> {
  const digest = formatHex(await sha256(file.bytes));
  return { path: file.path, sizeBytes: file.bytes.length, sha256: digest, bytes: file.bytes };
}

function formatReleaseJson(id: string, source: ReleaseSource): Uint8Array {
  const { profile, sequence, components, keep } = source;
  return new TextEncoder().encode(`${JSON.stringify({ id, profile, sequence, components, keep })}\n`);
}

function checkPaths(files: readonly SourceFile[], start: RegExp): void {
  const seen = new Set<string>();
  for (const { path } of files) {
    const names = path.replace(/^\//, "").split("/");
    const odd = names.some((name) => name === "" || name === "." || name === ".." || hasControl(name));
    if (odd || !start.test(path)) throw new UsageError("ota/bad-path", `"${path}" cannot be a path of a release`);
    if (seen.has(path)) throw new UsageError("ota/bad-path", `"${path}" comes twice in a release`);
    seen.add(path);
  }
}

function hasControl(name: string): boolean {
  return Array.from(name).some((char) => char < " " || char === "\u007f");
}

/** UTF-8 keeps the order of code points, which JavaScript's own comparison does not. */
function byPath(left: { readonly path: string }, right: { readonly path: string }): number {
  const a = Array.from(left.path, (char) => char.codePointAt(0) as number);
  const b = Array.from(right.path, (char) => char.codePointAt(0) as number);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  }
  return a.length - b.length;
}
