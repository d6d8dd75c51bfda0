import type { PortInfo } from "@espx/proto";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Env } from "../context.ts";
import { stateFile } from "./state-file.ts";

/** The numbers of the USB adapter that a port hangs on. */
export type Adapter = Readonly<Required<Pick<PortInfo, "vendorId" | "productId" | "serialNumber">>>;

/** Where a board was last reached. */
export interface LastPlace {
  readonly url: string;
  /** null: it has none, or one without a number of its own. */
  readonly adapter: Adapter | null;
}

/** Where boards were last reached, by id (MAC). */
export interface RememberedPorts {
  of(id: string): Promise<LastPlace | undefined>;
  remember(id: string, place: LastPlace): Promise<void>;
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
    of: async (id) => readPlace((await file.read())[id]),
    remember: (id, { url, adapter }) => file.put(id, adapter === null ? url : { url, adapter }),
  };
}

function readPlace(value: unknown): LastPlace | undefined {
  if (typeof value === "string") return { url: value, adapter: null };
  const { url, adapter } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof url === "string" ? { url, adapter: readAdapter(adapter) } : undefined;
}

function readAdapter(value: unknown): Adapter | null {
  const { vendorId, productId, serialNumber } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isWhole = typeof vendorId === "number" && typeof productId === "number" && typeof serialNumber === "string";
  return isWhole ? { vendorId, productId, serialNumber } : null;
}
