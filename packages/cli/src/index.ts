export { cliCodes } from "./codes.ts";
export { portCodes } from "./ports/codes.ts";
export { runEspx } from "./run.ts";
export type { Overrides } from "./run.ts";
