import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Suite, compared, figure } from "../figures/row.ts";
import { pythonWith } from "../python.ts";

const RUNS = 21;

type Command = readonly [program: string, ...args: string[]];

/** Start of the built `espx --version` beside a bare `node` and beside `mpremote version`, in turns, medians. */
export const start: Suite = ({ note }) => {
  const espx = fileURLToPath(new URL("../../packages/cli/dist/espx.js", import.meta.url));
  const python = pythonWith("mpremote");
  if (python === undefined) note("mpremote: skipped, it is not installed in .cache/python");
  const commands: Readonly<Record<string, Command>> = {
    espx: [process.execPath, espx, "--version"],
    node: [process.execPath, "-e", "0"],
    ...(python !== undefined && { mpremote: [python, "-m", "mpremote", "version"] }),
  };
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let run = 0; run < RUNS; run++) {
    for (const [name, command] of Object.entries(commands)) times.get(name)?.push(timeMs(command));
  }
  for (const [name, raw] of times) note(`raw ms, ${name}: ${raw.map((ms) => ms.toFixed(1)).join(" ")}`);
  const of = (name: string): number => median(times.get(name) ?? []);
  const measured = { suite: "start", row: "espx --version", value: of("espx"), unit: "ms" };
  const rows = [
    compared(measured, { name: "node", value: of("node"), maxRatio: 1.35 }),
    ...(python === undefined ? [] : [compared(measured, { name: "mpremote", value: of("mpremote"), maxRatio: 1.1 })]),
    figure("start", "runs", RUNS, "each"),
  ];
  return Promise.resolve(rows);
};

function timeMs([program, ...args]: Command): number {
  const began = performance.now();
  const { status } = spawnSync(program, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}`);
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
