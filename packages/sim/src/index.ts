export { parseFault, simFaults } from "./control/faults.ts";
export { runtimeFolder } from "./control/runtime-folder.ts";
export { createSimControl } from "./control/sim-control.ts";
export { createSimPorts } from "./control/sim-ports.ts";
export { loadAssets, type SimAssets } from "./assets.ts";
export { assetNames, type SimAssetFiles } from "./asset-files.ts";
export { type VirtualBoardOptions } from "./board/board-options.ts";
export { VirtualBoard } from "./board/virtual-board.ts";
export { createWorld, World, type WorldOptions } from "./world.ts";
