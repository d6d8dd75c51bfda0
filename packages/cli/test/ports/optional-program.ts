import { spawnSync } from "node:child_process";

/**
 * Whether a program that a test needs is installed. Under `CI=true` it must be: there a skip would hide a failure.
 */
export function hasProgram(name: string, versionFlag = "-V"): boolean {
  const found = spawnSync(name, [versionFlag], { stdio: "ignore" }).error === undefined;
  if (!found && process.env["CI"] === "true") throw new Error(`${name} is not installed, and CI must have it`);
  return found;
}
