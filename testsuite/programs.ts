import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs that make more tests possible; `.ci/run` installs every one of them. */
type Program = "chromium" | "mosquitto" | "python3" | "socat";

/**
 * Whether an optional program is installed. Write `test.skipIf(!has("socat"))("… (needs socat)", …)`.
 *
 * @throws Error under `CI=true` when it is missing, since a skip there would hide a hole
 */
export function has(program: Program): boolean {
  const found = (process.env.PATH ?? "").split(delimiter).some((folder) => isExecutable(join(folder, program)));
  if (!found && process.env.CI === "true") throw new Error(`${program} is not installed; .ci/run installs it`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
