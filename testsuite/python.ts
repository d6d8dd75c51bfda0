import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Python packages that more tests are held against; `.ci/run` installs every one of them. */
export type PythonModule = "mpremote" | "littlefs" | "esptool" | "esp_idf_nvs_partition_gen";

const python = fileURLToPath(new URL("../.cache/python/bin/python", import.meta.url));
const found = new Map<PythonModule, boolean>();

/**
 * The Python that has `module`, or undefined. Write `test.skipIf(python === undefined)("… (needs littlefs-python)", …)`.
 *
 * @throws Error under `CI=true` when it is missing, since a skip there would hide a hole
 */
export function pythonWith(module: PythonModule): string | undefined {
  if (!found.has(module)) found.set(module, existsSync(python) && canImport(module));
  if (found.get(module) === true) return python;
  if (process.env.CI === "true") throw new Error(`Python module ${module} is not installed; .ci/run installs it`);
  return undefined;
}

/**
 * Runs a script that takes one JSON value on its standard input and answers with one.
 *
 * @throws Error with what the script wrote to standard error when it fails
 */
export function askPython(program: string, script: URL, request: unknown): unknown {
  const { status, stdout, stderr, error } = spawnSync(program, [fileURLToPath(script)], {
    input: JSON.stringify(request),
    maxBuffer: 1 << 30,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${fileURLToPath(script)} ended with ${status}: ${stderr}${error?.message ?? ""}`);
  return JSON.parse(stdout) as unknown;
}

function canImport(module: PythonModule): boolean {
  return spawnSync(python, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0;
}
