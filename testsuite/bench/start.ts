import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Suite, compared, figure } from "../figures/row.ts";

const RUNS = 21;

/** Start of the built `espx --version` beside a bare `node`, in turns, medians. */
export const start: Suite = ({ note }) => {
  const espx = fileURLToPath(new URL("../../packages/cli/dist/espx.js", import.meta.url));
  const ours: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    bare.push(timeMs(["-e", "0"]));
    ours.push(timeMs([espx, "--version"]));
  }
  note(`raw ms, espx: ${ours.map((ms) => ms.toFixed(1)).join(" ")}`);
  note(`raw ms, node: ${bare.map((ms) => ms.toFixed(1)).join(" ")}`);
  const measured = { suite: "start", row: "espx --version", value: median(ours), unit: "ms" };
  const rows = [
    compared(measured, { name: "node", value: median(bare), maxRatio: 1.35 }),
    figure("start", "runs", RUNS, "each"),
  ];
  return Promise.resolve(rows);
};

function timeMs(args: readonly string[]): number {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}`);
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
