export { runEspx } from "./run.ts";
export type { Overrides } from "./run.ts";
