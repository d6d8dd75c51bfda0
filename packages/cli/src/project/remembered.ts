import { homedir } from "node:os";
import { join } from "node:path";
import type { Env } from "../context.ts";
import { stateFile } from "./state-file.ts";

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
  const file = stateFile(join(stateFolder(env), "ports.json"));
  return {
    async portOf(id) {
      const url = (await file.read())[id];
      return typeof url === "string" ? url : undefined;
    },
    remember: (id, url) => file.put(id, url),
  };
}
