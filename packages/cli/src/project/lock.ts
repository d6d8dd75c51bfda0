import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError } from "@espx/proto";
import * as z from "zod";
import type { Context } from "../context.ts";
import type { Project } from "./project.ts";
import { stateFolder } from "./remembered.ts";
import { inTurn } from "./state-file.ts";
import { emptyAs } from "./scalars.ts";
import { readSource, shownPath } from "./source.ts";
import { convertYaml, parseYamlFile } from "./yaml-file.ts";

const rowSchema = z.strictObject({
  url: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 of 64 hexadecimal digits in lower case"),
  size: z
    .string()
    .regex(/^\d{1,9}$/, "must be a number of bytes")
    .transform(Number),
});

const lockSchema = z.strictObject({ firmware: emptyAs([], z.array(rowSchema).default([])) });

/** What a file at a URL is held to. */
type LockedFile = z.output<typeof rowSchema>;

/** Hashes of files that were fetched without one, required from then on. */
export interface Lock {
  /** As the person knows the file. */
  readonly shown: string;
  of(url: string): LockedFile | undefined;
  add(file: LockedFile): Promise<void>;
}

const HEAD = `# Written by espx: hashes of what was fetched without one. Keep this file with the project; what stands here is required.
`;

/**
 * `espx.lock` beside espx.yaml; outside of a project the one in the user's state folder.
 *
 * @throws ConfigError `cli/yaml-syntax`, `cli/file-value`, `cli/file-key`
 */
export async function loadLock(ctx: Context, project: Project | null): Promise<Lock> {
  const path = join(project?.folder ?? stateFolder(ctx.env), "espx.lock");
  const rows = new Map((await readRows(ctx, path)).map((row) => [row.url, row]));
  return {
    shown: shownPath(path, ctx.cwd),
    of: (url) => rows.get(url),
    add: (file) =>
      inTurn(path, async () => {
        // Another run may have added one meanwhile.
        for (const row of await readRows(ctx, path)) rows.set(row.url, row);
        rows.set(file.url, file);
        await replaceFile(path, formatLock([...rows.values()]), shownPath(path, ctx.cwd));
      }),
  };
}

async function replaceFile(path: string, text: string, file: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.${process.pid}`, text);
    await rename(`${path}.${process.pid}`, path);
  } catch (cause) {
    throw new ConfigError("cli/file-unwritten", `cannot write ${file}`, {
      cause,
      position: { file },
      hint: "it keeps the hash of what was fetched: let yourself write to its folder",
    });
  }
}

async function readRows(ctx: Context, path: string): Promise<readonly LockedFile[]> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null || text.trim() === "") return [];
  const yaml = parseYamlFile(await readSource(path, ctx.cwd));
  return yaml.content === null ? [] : convertYaml(yaml, lockSchema).firmware;
}

function formatLock(rows: readonly LockedFile[]): string {
  const sorted = rows.toSorted((a, b) => (a.url < b.url ? -1 : 1));
  const lines = sorted.map(({ url, sha256, size }) => `  - url: ${url}\n    sha256: ${sha256}\n    size: ${size}\n`);
  return `${HEAD}firmware:\n${lines.join("")}`;
}
