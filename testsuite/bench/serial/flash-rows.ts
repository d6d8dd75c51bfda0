import { pythonWith } from "../../python.ts";
import { has } from "../../programs.ts";
import { compared, type FigureOptions, type Row } from "../../figures/row.ts";
import { median } from "../sim/call-costs.ts";
import { benchFiles, type FlashBench, openFlashBench } from "./flash-bench.ts";
import { hostOverheadRows } from "./flash-host.ts";

/** Rates of the first flash, and how often each is measured; undefined is a line without a pace, as native USB is one. */
const whole = {
  first: [
    [115_200, 1],
    [460_800, 1],
    [921_600, 3],
    [undefined, 3],
  ],
  runs: 3,
} as const;
const sample = { first: [[921_600, 1]], runs: 1 } as const;
const mainBaudRate = 921_600;
const boards = ["one", "two", "three", "four"];

/** `espx flash` beside esptool on the same virtual chips, and the host's own part beside esptool-js. */
export async function flashRows(options: FigureOptions): Promise<readonly Row[]> {
  const rows = [...(await hostOverheadRows(options))];
  const python = pythonWith("esptool");
  if (python === undefined || !has("socat")) {
    options.note("flash rows beside esptool are skipped: esptool or socat is not there");
    return rows;
  }
  const size = options.sample ? sample : whole;
  for (const [baudRate, runs] of size.first) rows.push(await firstTime(baudRate, runs, { ...options, python }));
  rows.push(...(await again(size.runs, { ...options, python })), await fourBoards({ ...options, python }));
  return rows;
}

type Options = FigureOptions & { readonly python: string };

async function firstTime(baudRate: number | undefined, runs: number, options: Options): Promise<Row> {
  await using bench = await openFlashBench(["one"], baudRate, options.python);
  const line = baudRate === undefined ? "a line without a pace" : `${baudRate} baud`;
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < runs; run++) {
    await bench.blank("one");
    ours.push(await bench.espx("one", benchFiles.whole));
    await bench.blank("one");
    theirs.push(await bench.esptool("one", benchFiles.whole));
  }
  return row(`flash 1.5 MB first time, ${line}`, [ours, theirs], { ...options, peer: "esptool", maxRatio: 1 });
}

async function again(runs: number, options: Options): Promise<readonly Row[]> {
  await using bench = await openFlashBench(["one"], mainBaudRate, options.python);
  await bench.blank("one");
  await bench.espx("one", benchFiles.whole);
  const plain = await each(bench, runs, () => bench.esptool("one", benchFiles.whole));
  const same = await each(bench, runs, () => bench.espx("one", benchFiles.whole));
  const skipping = await each(bench, runs, () => bench.esptool("one", benchFiles.whole, "--skip-flashed"));
  const at = `${mainBaudRate} baud`;
  const rows = [
    row(`flash again unchanged, ${at}`, [same, plain], { ...options, peer: "esptool", maxRatio: 0.1 }),
    row(`flash again unchanged, ${at}, esptool skips`, [same, skipping], {
      ...options,
      peer: "esptool --skip-flashed",
      maxRatio: 1,
    }),
  ];
  const changes = { ours: [] as number[], theirs: [] as number[], skipping: [] as number[] };
  for (let run = 0; run < runs; run++) {
    for (const [list, write] of [
      [changes.ours, () => bench.espx("one", benchFiles.changed)],
      [changes.theirs, () => bench.esptool("one", benchFiles.changed)],
      [changes.skipping, () => bench.esptool("one", benchFiles.changed, "--skip-flashed")],
    ] as const) {
      list.push(...(await each(bench, 1, write)));
      await bench.espx("one", benchFiles.whole);
    }
  }
  return [
    ...rows,
    row(`flash again, one byte changed, ${at}`, [changes.ours, changes.theirs], {
      ...options,
      peer: "esptool",
      maxRatio: 0.2,
    }),
    row(`flash again, one byte changed, ${at}, esptool skips`, [changes.ours, changes.skipping], {
      ...options,
      peer: "esptool --skip-flashed",
      maxRatio: 1,
    }),
  ];
}

/** Measures with the chip in its ROM each time, so that the stub is brought each time. */
async function each(bench: FlashBench, runs: number, measure: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    await bench.toLoader("one");
    times.push(await measure());
  }
  return times;
}

async function fourBoards(options: Options): Promise<Row> {
  await using bench = await openFlashBench(boards, mainBaudRate, options.python);
  for (const name of boards) await bench.blank(name);
  const began = performance.now();
  await Promise.all(boards.map((name) => bench.espx(name, benchFiles.whole)));
  const together = performance.now() - began;
  for (const name of boards) await bench.blank(name);
  let inTurn = 0;
  for (const name of boards) inTurn += await bench.esptool(name, benchFiles.whole);
  return row(`flash 4 boards at once, ${mainBaudRate} baud`, [[together], [inTurn]], {
    ...options,
    peer: "esptool, one after the other",
    maxRatio: 0.3,
  });
}

function row(
  name: string,
  [ours, theirs]: readonly [readonly number[], readonly number[]],
  { note, peer, maxRatio }: FigureOptions & { readonly peer: string; readonly maxRatio: number },
): Row {
  const raw = (times: readonly number[]): string => times.map((ms) => ms.toFixed(0)).join(" ");
  note(`raw ms, ${name}: espx ${raw(ours)}; ${peer} ${raw(theirs)}`);
  const measured = { suite: "serial", row: name, value: median(ours) / 1000, unit: "s" };
  return compared(measured, { name: peer, value: median(theirs) / 1000, maxRatio });
}
