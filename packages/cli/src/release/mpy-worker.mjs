// Runs mpy-cross apart from the process: the library leaves uncaughtException handlers behind at every compile,
// and loads its WebAssembly by path only while `fetch` is hidden.
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

globalThis.fetch = undefined;
process.setMaxListeners(0);
const { compile } = createRequire(workerData.libraryPath)(workerData.libraryPath);

async function answer({ id, name, source }) {
  try {
    const { status, mpy, err } = await compile("source.py", source, ["-s", name], workerData.wasmPath);
    return { id, status, mpy: mpy ?? null, text: err.join("\n") };
  } catch (error) {
    return { id, status: -1, mpy: null, text: String(error) };
  }
}

parentPort.on("message", (request) => void answer(request).then((reply) => parentPort.postMessage(reply)));
