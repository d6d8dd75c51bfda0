// npm run demo: sets up what is missing, then runs `espx demo`; arguments go through.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build, install, root } from "./setup.mjs";

install();
build();
const espx = join(root, "packages", "cli", "dist", "espx.js");
const result = spawnSync(process.execPath, [espx, "demo", ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(result.status ?? 1);
