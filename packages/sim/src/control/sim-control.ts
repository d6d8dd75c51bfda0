import { type SimControl, UsageError } from "@espx/proto";
import { requestControl } from "./control-client.ts";
import { Registry } from "./registry.ts";
import { toSimInfo } from "./registry-entry.ts";
import { runtimeFolder } from "./runtime-folder.ts";
import { startSession, type WorldFactory } from "./sim-session.ts";

export interface SimControlOptions {
  readonly createWorld: WorldFactory;
  /** Defaults to {@link runtimeFolder}. */
  readonly folder?: string;
}

/** Starts simulators in this process, and acts on those of any process of this user. */
export function createSimControl(options: SimControlOptions): SimControl {
  const registry = new Registry(options.folder ?? runtimeFolder());
  return {
    list: async () => (await registry.list()).map(toSimInfo),
    start: async (start) => {
      await checkNames(registry, start.names);
      return startSession({ createWorld: options.createWorld, registry }, start);
    },
    pin: async (name, pin, value) => {
      const request = { verb: "pin", pin, ...(value === undefined ? {} : { value }) } as const;
      return (await requestControl(await registry.find(name), request)) as 0 | 1;
    },
    fault: async (name, fault) => {
      await requestControl(await registry.find(name), { verb: "fault", fault });
    },
    power: async (name, action) => {
      await requestControl(await registry.find(name), { verb: "power", action });
    },
  };
}

async function checkNames(registry: Registry, names: readonly string[]): Promise<void> {
  for (const name of names) Registry.checkName(name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError("sim/bad-name", `"${twice}" is named twice`);
  for (const name of names) await registry.assertFree(name);
}
