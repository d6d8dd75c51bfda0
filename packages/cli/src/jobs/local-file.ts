import { createHash, randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { ConfigError, NotFoundError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";

/**
 * Reads a file that a person named, seen from their folder.
 *
 * @throws NotFoundError `cli/local-file`
 */
export async function readLocal(ctx: Context, file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(localPath(ctx, file)));
  } catch (cause) {
    throw new NotFoundError("cli/local-file", `cannot read ${file}`, { cause, hint: "check the name of the file" });
  }
}

/** Where a file lies that a person named. */
export const localPath = (ctx: Context, file: string): string => (isAbsolute(file) ? file : join(ctx.cwd, file));

/** What is known of content beside its bytes. */
export interface LocalContent {
  readonly bytes: Uint8Array;
  /** Only the user may read the file. */
  readonly secret: boolean;
}

/**
 * Writes a file under a temporary name and puts it in place whole, then says so.
 *
 * @throws ConfigError `cli/file-unwritten`
 */
export async function writeLocal(
  ctx: Context,
  file: string,
  { bytes, secret }: LocalContent,
): Promise<EventData<"written">> {
  const path = localPath(ctx, file);
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(temporary, bytes, { mode: secret ? 0o600 : 0o666 });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new ConfigError("cli/file-unwritten", `cannot write ${file}`, {
      cause,
      position: { file },
      hint: "name a file in a folder that exists and that you may write to",
    });
  }
  const digest = createHash("sha256").update(bytes).digest("hex");
  const data = { path: file, sizeBytes: bytes.length, sha256: digest, secret };
  ctx.out.emit({ kind: "written", data });
  return data;
}
