import type { PortInfo } from "@espx/proto";
import type { AdapterMemory } from "@espx/serial";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Env } from "../context.ts";
import { stateFolder } from "./remembered.ts";

/** What worked with each adapter: its way of resetting a board, and the rate that its line holds. */
export interface RememberedAdapters {
  of(port: PortInfo | undefined, url: string): Promise<AdapterMemory>;
  remember(port: PortInfo | undefined, url: string, memory: AdapterMemory): Promise<void>;
}

/** Kept in `adapters.json` of the user's state folder, by USB ids where there are any; forgetting is no failure. */
export function rememberedAdapters(env: Env): RememberedAdapters {
  const path = join(stateFolder(env), "adapters.json");
  const read = async (): Promise<Record<string, AdapterMemory>> => {
    try {
      const value: unknown = JSON.parse(await readFile(path, "utf8"));
      return typeof value === "object" && value !== null ? (value as Record<string, AdapterMemory>) : {};
    } catch {
      return {};
    }
  };
  return {
    of: async (port, url) => (await read())[keyOf(port, url)] ?? {},
    async remember(port, url, memory) {
      const adapters = await read();
      const key = keyOf(port, url);
      const before = adapters[key];
      if (before?.strategy === memory.strategy && before?.baudRate === memory.baudRate) return;
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(`${path}.${process.pid}`, `${JSON.stringify({ ...adapters, [key]: memory }, null, 2)}\n`);
        await rename(`${path}.${process.pid}`, path);
      } catch {
        return;
      }
    },
  };
}

function keyOf(port: PortInfo | undefined, url: string): string {
  if (port?.vendorId === undefined) return url;
  return [port.vendorId.toString(16), port.productId?.toString(16), port.serialNumber ?? url].join(":");
}
