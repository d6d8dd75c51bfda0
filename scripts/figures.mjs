// npm run bench | soak: sets up what is missing, then measures.
import { spawnSync } from "node:child_process";
import { build, install, root, tool } from "./setup.mjs";

install();
build();
const args = ["--conditions=@espx/source", "testsuite/figures/main.ts", ...process.argv.slice(2)];
const result = spawnSync(tool("tsx"), args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
process.exit(result.status ?? 1);
