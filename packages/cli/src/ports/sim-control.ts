import type { PortProvider, SimControl } from "@espx/proto";
import { createSimControl, createSimPorts, createWorld, runtimeFolder } from "@espx/sim";
import type { Env } from "../context.ts";

export { parseFault, simFaults } from "@espx/sim";

/** Simulators of this user, as `espx sim` starts them and acts on them. */
export function simControl(env: Env): SimControl {
  return createSimControl({ createWorld, folder: runtimeFolder(env) });
}

/** Boards of running simulators as `sim:NAME`. */
export function simPorts(env: Env): PortProvider {
  return createSimPorts({ folder: runtimeFolder(env) });
}
