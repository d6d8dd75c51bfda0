import type { PortProvider, SimControl } from "@espx/proto";
import { createSimControl, createSimPorts, createWorld, runtimeFolder } from "@espx/sim";
import { packedSimFolder } from "../assets.ts";
import type { Env } from "../context.ts";

export { parseFault, simFaults } from "@espx/sim";

/** Simulators of this user, as `espx sim` starts them and acts on them. */
export function simControl(env: Env): SimControl {
  const assets = packedSimFolder();
  const folder = runtimeFolder(env);
  return createSimControl({
    folder,
    createWorld: (options) => createWorld({ ...options, ...(assets === undefined ? {} : { assets }) }),
  });
}

/** Boards of running simulators as `sim:NAME`. */
export function simPorts(env: Env): PortProvider {
  return createSimPorts({ folder: runtimeFolder(env) });
}
