import { CanceledError, LinkError } from "@espx/proto";
import { expect, test } from "vitest";
import { run, type RunResult, tempFolder } from "./_run.ts";

const ports = ["/dev/ttyUSB0", "/dev/ttyUSB1"].map((url) => ({ url, description: "CP2102", known: true }));

/** Deploys a folder that does not compile, where no port can be opened and a person is asked for one. */
async function deployBroken(flags: readonly string[], called: AbortController): Promise<RunResult> {
  await using folder = await tempFolder({ "app/main.py": "def f(:\n" });
  return await run(["deploy", "app", ...flags], {
    cwd: folder.path,
    signal: called.signal,
    outside: {
      listPorts: () => Promise.resolve(ports),
      openPort: () => Promise.reject(new LinkError("port/unreachable", "nobody is there")),
    },
    terminal: {
      interactive: true,
      input: process.stdin,
      ask: () => {
        called.abort(new CanceledError("cli/interrupted", "stopped by Ctrl-C"));
        return Promise.reject(called.signal.reason as Error);
      },
    },
  });
}

test("what is wrong in the files is said before what is wrong with the port", async () => {
  const { code, stderr } = await deployBroken(["--port", "/dev/ttyUSB0"], new AbortController());
  expect([code, stderr]).toEqual([3, expect.stringContaining("cli/python-syntax")]);
});

test("a run that is called off builds nothing more", async () => {
  const { code, stderr } = await deployBroken([], new AbortController());
  expect([code, stderr]).toEqual([130, expect.not.stringContaining("python-syntax")]);
});
