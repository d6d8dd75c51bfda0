export { cliCodes } from "./codes.ts";
export { portCodes } from "./ports/codes.ts";
export { runEspx } from "./run.ts";
export type { Overrides } from "./run.ts";
export type { ScenarioBoard } from "./scenario/scenario-board.ts";
export type { ScriptedScenario, ScriptedScenarios } from "./scenario/test-module.ts";
