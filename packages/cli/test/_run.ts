import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Outside, Terminal } from "../src/context.ts";
import { runEspx } from "../src/run.ts";

/** What a run of espx left behind. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly outside?: Partial<Outside>;
  readonly terminal?: Terminal;
  readonly signal?: AbortSignal;
  /** Gets standard output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a command line in this process, with a fixed clock and its output caught. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  let [stdout, stderr] = ["", ""];
  const text = (chunk: string | Uint8Array): string =>
    typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
  const code = await runEspx(argv, {
    cwd: options.cwd ?? tmpdir(),
    env: { NO_COLOR: "1", ESPX_CACHE_DIR: join(tmpdir(), "espx-test-cache"), ...options.env },
    sinks: {
      stdout: (chunk) => {
        stdout += text(chunk);
        options.onOutput?.(text(chunk));
      },
      stderr: (chunk) => (stderr += text(chunk)),
    },
    nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    ...(options.outside === undefined ? {} : { outside: options.outside }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    terminal: options.terminal ?? { interactive: false, input: process.stdin, ask: () => Promise.resolve("") },
  });
  return { code, stdout, stderr };
}

/** A folder of its own with `files`, removed by `await using`. */
export async function tempFolder(
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "espx-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Events of a run with `--json`. */
export function eventsOf({ stdout }: RunResult): readonly {
  readonly kind: string;
  readonly device: string | null;
  readonly code: string | null;
  readonly data: never;
}[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as never);
}
