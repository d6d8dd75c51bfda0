// mpy-cross adds process-wide handlers of uncaught exceptions at every run, so it lives in a thread of its own.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

const require = createRequire(import.meta.url);
const { compile } = require("@pybricks/mpy-cross-v6");
const wasmPath = join(dirname(require.resolve("@pybricks/mpy-cross-v6")), "mpy-cross-v6.wasm");

process.setMaxListeners(0);
// Where fetch exists the loader takes the wasm's path for a URL.
globalThis.fetch = undefined;
const compiled = {};
for (const [name, source] of Object.entries(workerData)) {
  // Its file system has no folders; -s is the name that tracebacks show.
  const result = await compile("source.py", source, ["-s", name], wasmPath);
  if (result.status !== 0 || result.mpy === undefined) throw new Error(`${name}: ${result.err.join("\n")}`);
  compiled[name] = result.mpy;
}
parentPort.postMessage(compiled);
