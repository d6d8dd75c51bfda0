// npm run check: format, lint, types, dead code, Python. Every step runs; the exit code says whether all passed.
import { spawnSync } from "node:child_process";
import { install, root, tool } from "./setup.mjs";

install();
// Lint reads the declarations that the types step leaves.
const steps = [
  ["format", tool("oxfmt"), ["--check"]],
  ["types", tool("tsc"), ["-b"]],
  ["lint", tool("oxlint"), ["--type-aware", "--deny-warnings"]],
  ["types of tests", tool("tsc"), ["-p", "tsconfig.tests.json"]],
  ["dead code", tool("knip"), []],
  ["python", "ruff", ["check", "--config", "device/ruff.toml", "device", "profiles"]],
];

let failed = 0;
for (const [name, command, args] of steps) {
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  const missing = result.error?.code === "ENOENT";
  const state = missing
    ? process.env.CI === "true"
      ? "failed: not installed"
      : "skipped: not installed"
    : result.status === 0
      ? "ok"
      : "failed";
  console.log(`${name.padEnd(16)} ${state}`);
  if (state.startsWith("failed")) {
    failed++;
    process.stdout.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
