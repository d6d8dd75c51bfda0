import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { InternalError } from "@espx/proto";

/** What mpy-cross said about one file. */
interface CompileOutcome {
  /** null when the source has an error. */
  readonly mpy: Uint8Array | null;
  /** What it printed. */
  readonly text: string;
}

/** mpy-cross in a thread of its own; it starts with the first file. */
export interface Compiler {
  /** Name and version of what compiles, part of the cache's key. */
  readonly identity: string;
  /** @param name - what tracebacks on the board will call the file */
  compile(name: string, source: string): Promise<CompileOutcome>;
  close(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly status: number;
  readonly mpy: Uint8Array | null;
  readonly text: string;
}

export function createCompiler(): Compiler {
  const require = createRequire(import.meta.url);
  const libraryPath = require.resolve("@pybricks/mpy-cross-v6");
  const { version } = require("@pybricks/mpy-cross-v6/package.json") as { version: string };
  const waiting = new Map<number, { resolve(reply: Reply): void; reject(error: Error): void }>();
  let worker: Worker | undefined;
  let count = 0;
  const start = (): Worker => {
    const wasmPath = join(dirname(libraryPath), "mpy-cross-v6.wasm");
    const started = new Worker(fileURLToPath(workerUrl()), { workerData: { libraryPath, wasmPath } });
    started.on("message", (reply: Reply) => {
      waiting.get(reply.id)?.resolve(reply);
      waiting.delete(reply.id);
    });
    started.on("error", (error) => {
      for (const caller of waiting.values()) caller.reject(error);
      waiting.clear();
    });
    return started;
  };
  return {
    identity: `mpy-cross-v6@${version}`,
    async compile(name, source) {
      worker ??= start();
      const id = count++;
      const reply = await new Promise<Reply>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker?.postMessage({ id, name, source });
      });
      if (reply.status === -1) throw new InternalError("cli/internal", `mpy-cross cannot run: ${reply.text}`);
      return { mpy: reply.status === 0 ? reply.mpy : null, text: reply.text };
    },
    close: async () => {
      await worker?.terminate();
    },
  };
}

/** Beside this module, in a clone as in a packed espx. */
const workerUrl = (): URL => new URL("./mpy-worker.mjs", import.meta.url);
