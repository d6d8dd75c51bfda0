import { CanceledError } from "@espx/proto";
import { runEspx } from "./run.ts";

/**
 * Runs espx as the process it is: signals become cancellation, a closed pipe a quiet end.
 *
 * @returns the exit code, once everything written has left the process
 */
export async function runProcess(argv: readonly string[]): Promise<number> {
  const abort = new AbortController();
  let pipeClosed = false;
  catchSignals(abort);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      pipeClosed = true;
      abort.abort(new CanceledError("cli/pipe-closed", "nobody reads the output any more"));
    });
  }
  const code = await runEspx(argv, { signal: abort.signal });
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  return pipeClosed ? 0 : code;
}

/** The first signal cancels and lets everything close; a second one does not wait. */
function catchSignals(abort: AbortController): void {
  for (const [name, exitCode] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(name, () => {
      const [code, message] = name === "SIGINT" ? ["cli/interrupted", "interrupted"] : ["cli/terminated", "terminated"];
      abort.abort(new CanceledError(code, message, { exitCode }));
    });
  }
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write("", () => resolve());
  });
}
