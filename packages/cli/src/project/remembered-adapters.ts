import type { PortInfo } from "@espx/proto";
import type { AdapterMemory } from "@espx/serial";
import { join } from "node:path";
import type { Env } from "../context.ts";
import { stateFolder } from "./remembered.ts";
import { stateFile } from "./state-file.ts";

/** What worked with each adapter: its way of resetting a board, and the rate that its line holds. */
export interface RememberedAdapters {
  of(port: PortInfo | undefined, url: string): Promise<AdapterMemory>;
  remember(port: PortInfo | undefined, url: string, memory: AdapterMemory): Promise<void>;
}

/** Kept in `adapters.json` of the user's state folder, by USB ids where there are any; forgetting is no failure. */
export function rememberedAdapters(env: Env): RememberedAdapters {
  const file = stateFile(join(stateFolder(env), "adapters.json"));
  return {
    async of(port, url) {
      const memory = (await file.read())[keyOf(port, url)];
      return typeof memory === "object" && memory !== null ? memory : {};
    },
    remember: (port, url, memory) => file.put(keyOf(port, url), memory),
  };
}

function keyOf(port: PortInfo | undefined, url: string): string {
  if (port?.vendorId === undefined) return url;
  return [port.vendorId.toString(16), port.productId?.toString(16), port.serialNumber ?? url].join(":");
}
