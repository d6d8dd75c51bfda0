import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { programText, startBoard } from "../board-fixture.ts";

/** How one of MicroPython's own tests came out. `unknown`: nothing says what it must print. */
export interface Outcome {
  /** Path below the checkout, such as `tests/basics/int1.py`. */
  readonly name: string;
  readonly kind: "same" | "skipped" | "differs" | "unknown";
  readonly expected?: string;
  readonly got?: string;
}

/** How a test is run. */
export interface RunOptions {
  /** Bytes allocated between two collections; undefined: as on the chip. */
  readonly gcThreshold?: number;
}

/** Virtual time that a test may take, in steps of a second. */
const patienceS = 60;

/** Real time after which a test that says nothing computes without end. */
const quietMs = 30_000;

/** Files of MicroPython's tests in `folders` below the checkout `root`, in order. */
export function testNames(root: string, folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    const path = join(root, folder);
    const files = existsSync(path) ? readdirSync(path) : [];
    return files.filter((file) => file.endsWith(".py")).map((file) => `${folder}/${file}`);
  });
}

/** Runs one test on a board of its own and compares what it prints, as MicroPython's `run-tests.py` does. */
export async function runOwnTest(root: string, name: string, options: RunOptions = {}): Promise<Outcome> {
  const source = readFileSync(join(root, name), "utf8");
  const got = await printed(source, options);
  if (got === "SKIP\n") return { name, kind: "skipped" };
  const expected = expectation(join(root, name));
  if (expected === undefined) return { name, kind: "unknown", got };
  const isSame = /^(import|from) unittest/m.test(source) ? /^OK$/m.test(got) : isAsExpected(expected, got);
  return isSame ? { name, kind: "same" } : { name, kind: "differs", expected, got };
}

async function printed(source: string, { gcThreshold }: RunOptions): Promise<string> {
  const boot = gcThreshold === undefined ? {} : { "boot.py": `import gc\ngc.threshold(${gcThreshold})\n` };
  await using fixture = await startBoard({ main: source, files: boot, quietMs });
  let text = fixture.take();
  for (let second = 0; second < patienceS && !text.endsWith(">>> "); second++) {
    await fixture.world.advance(1000);
    text += fixture.take();
  }
  return Buffer.from(programText(text), "latin1").toString().replaceAll("\r\n", "\n");
}

/** What stands beside the test, else what CPython prints; undefined without either. */
function expectation(path: string): string | undefined {
  if (existsSync(`${path}.exp`)) return readFileSync(`${path}.exp`, "utf8").replaceAll("\r\n", "\n");
  const run = spawnSync("python3", ["-BS", path], { cwd: dirname(path), encoding: "utf8", timeout: 30_000 });
  return run.status === 0 ? run.stdout.replaceAll("\r\n", "\n") : undefined;
}

/** A line of `########` in an expectation stands for any lines. */
export function isAsExpected(expected: string, got: string): boolean {
  const lines = expected.split("\n");
  const pattern = lines
    .map((line, index) => {
      if (/^#{8,}$/.test(line)) return "(?:[^]*\n)?";
      return line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&") + (index < lines.length - 1 ? "\n" : "");
    })
    .join("");
  return new RegExp(`^${pattern}$`).test(got);
}
