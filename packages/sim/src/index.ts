export { parseFault, simFaults } from "./control/faults.ts";
export { runtimeFolder } from "./control/runtime-folder.ts";
export { createSimControl } from "./control/sim-control.ts";
export { createSimPorts } from "./control/sim-ports.ts";
