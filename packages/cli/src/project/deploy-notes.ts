import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Env } from "../context.ts";
import { stateFolder } from "./remembered.ts";

/** What was seen of a device when all its files were last held against a deploy. */
interface DeployNote {
  /** Where it was. */
  readonly port: string;
  /** What the framework answered then; see SPEC.md section 6. */
  readonly digest: string;
  /** What was to be there, and was; see {@link wishOf}. */
  readonly wish: string;
}

/** Notes of all devices by id (MAC), on this computer. */
export interface DeployNotes {
  /** The note of a device. */
  of(id: string): Promise<DeployNote | undefined>;
  /** Whether a device that runs espx was last seen at a port. */
  hasPort(port: string): Promise<boolean>;
  write(id: string, note: DeployNote): Promise<void>;
}

/** Everything that decides whether a deploy has something to do, as one number; files count by their hashes. */
export function wishOf(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts, (key, value: unknown) => (key === "bytes" ? undefined : value));
  return createHash("sha256").update(text).digest("hex");
}

/** Kept as a file for each device in the user's state folder; losing one costs one look at all files of that board. */
export function deployNotes(env: Env): DeployNotes {
  const folder = join(stateFolder(env), "deploys");
  const pathOf = (id: string): string => join(folder, `${id}.json`);
  return {
    of: (id) => readNote(pathOf(id)),
    async hasPort(port) {
      const names = await readdir(folder).catch(() => []);
      const notes = await Promise.all(names.map((name) => readNote(join(folder, name))));
      return notes.some((note) => note?.port === port);
    },
    async write(id, note) {
      const temporary = `${pathOf(id)}.${process.pid}`;
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(temporary, `${JSON.stringify(note, null, 2)}\n`);
        await rename(temporary, pathOf(id));
      } catch {
        return;
      }
    },
  };
}

async function readNote(path: string): Promise<DeployNote | undefined> {
  try {
    const { port, digest, wish } = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    const whole = typeof port === "string" && typeof digest === "string" && typeof wish === "string";
    return whole ? { port, digest, wish } : undefined;
  } catch {
    return undefined;
  }
}
