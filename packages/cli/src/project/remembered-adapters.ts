import type { PortInfo } from "@espx/proto";
import type { AdapterMemory } from "@espx/serial";
import { join } from "node:path";
import type { Env } from "../context.ts";
import { stateFolder } from "./remembered.ts";
import { stateFile } from "./state-file.ts";

/** What worked with each adapter: its way of resetting a board, and the rates that its line holds. */
interface KnownAdapter extends AdapterMemory {
  /** For a deploy, where MicroPython and not the loader takes the bytes. */
  readonly consoleBaudRate?: number;
}

/** What is known of adapters. */
export interface RememberedAdapters {
  /** Where it is kept, for messages. */
  readonly path: string;
  of(port: PortInfo | undefined, url: string): Promise<KnownAdapter>;
  /** Adds to what is known, or changes it. */
  remember(port: PortInfo | undefined, url: string, memory: KnownAdapter): Promise<void>;
}

/** Kept in `adapters.json` of the user's state folder, by USB ids where there are any; forgetting is no failure. */
export function rememberedAdapters(env: Env): RememberedAdapters {
  const path = join(stateFolder(env), "adapters.json");
  const file = stateFile(path);
  const of = async (port: PortInfo | undefined, url: string): Promise<KnownAdapter> => {
    const memory = (await file.read())[keyOf(port, url)];
    return typeof memory === "object" && memory !== null ? memory : {};
  };
  return {
    path,
    of,
    remember: async (port, url, memory) => file.put(keyOf(port, url), { ...(await of(port, url)), ...memory }),
  };
}

function keyOf(port: PortInfo | undefined, url: string): string {
  if (port?.vendorId === undefined) return url;
  return [port.vendorId.toString(16), port.productId?.toString(16), port.serialNumber ?? url].join(":");
}
