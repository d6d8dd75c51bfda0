import { cpus, loadavg } from "node:os";
import { failures, figure, type FigureOptions, type Row, type Suite } from "../figures/row.ts";
import { measureCosts, median } from "./sim/call-costs.ts";
import { runRealFleet } from "./sim/real-fleet.ts";
import { runVirtualFleet, type VirtualRun } from "./sim/virtual-day.ts";

/** How much is run, whole and as a sample. */
const whole = { boards: 20, hours: 24, limitS: 120, realBoards: 100, realRuns: 5, readyS: 6 };
const sample = { boards: 20, hours: 1, limitS: 30, realBoards: 10, realRuns: 3, readyS: 6 };

/** Virtual boards: a day of a fleet in virtual time, twice; a fleet in real time; what single things cost. */
export const sim: Suite = async (options) => {
  const size = options.sample ? sample : whole;
  options.note(
    `load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")} on ${cpus().length} cores`,
  );
  return [...(await costRows()), ...(await virtualRows(size, options)), ...(await realRows(size, options))];
};

async function virtualRows(size: typeof whole, { seed, note }: FigureOptions): Promise<readonly Row[]> {
  const runs: VirtualRun[] = [];
  for (let run = 0; run < 2; run++) {
    const result = await runVirtualFleet(size.boards, size.hours, seed);
    note(`virtual run ${run}: ${result.seconds.toFixed(1)} s, ${result.digest}`);
    runs.push(result);
  }
  const slowest = Math.max(...runs.map(({ seconds }) => seconds));
  const [first] = runs;
  const what = `${size.hours} h of ${size.boards} boards`;
  return [
    within(`${what}, slower of 2 runs`, slowest, "s", size.limitS),
    figure("sim", "wakes a second", (first?.wakes ?? 0) / slowest, "1/s"),
    figure("sim", "wakes", first?.wakes ?? 0, "each run"),
    figure("sim", "packets at the broker", first?.packets ?? 0, "each run"),
    failures("sim", "runs with another log", new Set(runs.map(({ digest }) => digest)).size - 1),
  ];
}

async function realRows(size: typeof whole, { note }: FigureOptions): Promise<readonly Row[]> {
  const ready: number[] = [];
  const bytes: number[] = [];
  for (let run = 0; run < size.realRuns; run++) {
    const result = await runRealFleet(size.realBoards);
    note(`real run ${run}: ${result.readySeconds.toFixed(2)} s, ${(result.bytesPerBoard / 1e6).toFixed(1)} MB a board`);
    ready.push(result.readySeconds);
    bytes.push(result.bytesPerBoard);
  }
  return [
    within(
      `${size.realBoards} boards, first message of each, median of ${size.realRuns}`,
      median(ready),
      "s",
      size.readyS,
    ),
    // Later runs find memory that the process kept: the first one shows what a board takes.
    figure("sim", "memory of a board", (bytes[0] ?? Number.NaN) / 1e6, "MB"),
  ];
}

async function costRows(): Promise<readonly Row[]> {
  const costs = await measureCosts();
  return [
    figure("sim", "first boot of a process", costs.firstBootMs, "ms"),
    figure("sim", "boot, median", costs.bootMs, "ms"),
    figure("sim", "one flash operation", costs.flashUs, "µs"),
    figure("sim", "one socket call", costs.socketUs, "µs"),
    figure("sim", "one console byte", costs.consoleByteUs, "µs"),
  ];
}

/** A measurement that must not be larger than `limit`. */
function within(row: string, value: number, unit: string, limit: number): Row {
  return { ...figure("sim", row, value, unit), goal: `<= ${limit} ${unit}`, met: value <= limit };
}
