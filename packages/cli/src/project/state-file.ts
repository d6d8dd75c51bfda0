import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** A JSON object in the user's state folder, whose keys this process and others add to. */
export interface StateFile {
  /** Empty when the file is not there or is no JSON object. */
  read(): Promise<Readonly<Record<string, unknown>>>;
  /** Changes one key; failing to is no failure of the work. Several changes at once are made in turn. */
  put(key: string, value: unknown): Promise<void>;
}

/** Changes that wait for each other, by file: work on several boards at once ends in the same file. */
const turns = new Map<string, Promise<unknown>>();

/** Does `change` when no other change of that file is going on in this process. */
export function inTurn<T>(path: string, change: () => Promise<T>): Promise<T> {
  const turn = (turns.get(path) ?? Promise.resolve()).then(change, change);
  turns.set(path, turn);
  return turn;
}

export function stateFile(path: string): StateFile {
  const read = async (): Promise<Record<string, unknown>> => {
    try {
      const value: unknown = JSON.parse(await readFile(path, "utf8"));
      return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  };
  const change = async (key: string, value: unknown): Promise<void> => {
    const all = await read();
    if (JSON.stringify(all[key]) === JSON.stringify(value)) return;
    const temporary = `${path}.${randomBytes(4).toString("hex")}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, `${JSON.stringify({ ...all, [key]: value }, null, 2)}\n`);
      await rename(temporary, path);
    } catch {
      return;
    }
  };
  return {
    read,
    put: (key, value) => inTurn(path, () => change(key, value)),
  };
}
