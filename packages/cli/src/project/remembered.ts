import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Env } from "../context.ts";

/** The port at which a board was last reached, by its id (MAC). */
export interface RememberedPorts {
  portOf(id: string): Promise<string | undefined>;
  remember(id: string, url: string): Promise<void>;
}

/** The user's folder for what a tool learns and shall not forget. */
export function stateFolder(env: Env): string {
  if (env["ESPX_STATE_DIR"] !== undefined && env["ESPX_STATE_DIR"] !== "") return env["ESPX_STATE_DIR"];
  if (process.platform === "win32") return join(env["LOCALAPPDATA"] ?? homedir(), "espx", "state");
  return join(env["XDG_STATE_HOME"] ?? join(env["HOME"] ?? homedir(), ".local", "state"), "espx");
}

/** Kept in `ports.json` of the user's state folder; forgetting is no failure. */
export function rememberedPorts(env: Env): RememberedPorts {
  const path = join(stateFolder(env), "ports.json");
  const read = async (): Promise<Record<string, string>> => {
    const text = await readFile(path, "utf8").catch(() => "{}");
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === "object" && value !== null ? (value as Record<string, string>) : {};
    } catch {
      return {};
    }
  };
  return {
    portOf: async (id) => (await read())[id],
    async remember(id, url) {
      const ports = await read();
      if (ports[id] === url) return;
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(`${path}.${process.pid}`, `${JSON.stringify({ ...ports, [id]: url }, null, 2)}\n`);
        await rename(`${path}.${process.pid}`, path);
      } catch {
        return;
      }
    },
  };
}
