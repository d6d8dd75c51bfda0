import type { FlashRegion } from "@espx/serial";
import { chipModels, createWorld, type VirtualBoard } from "@espx/sim";
import { firmwareParts } from "../../packages/cli/test/_firmware.ts";
import { failures, figure, type FigureOptions, type Row } from "../figures/row.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { bytesOfRun, type CutOutcome, flashWithCut } from "./flash-cut.ts";

/** Cuts of the cable, whole and as a sample. */
const whole = 200;
const sample = 8;

/** What the board holds before: nothing, or another version. */
const starts = ["blank", "older"] as const;
type Start = (typeof starts)[number];

/** The last request of a run and its like. */
const endBytes = 200;

/** Pulls the cable at random bytes of a flash, on boards that were blank and on boards that ran an older version. */
export async function flashCuts(options: FigureOptions): Promise<readonly Row[]> {
  const random = new SeededRandom(options.seed);
  const count = options.sample ? sample : whole;
  const wholeRun = new Map(await Promise.all(starts.map(async (start) => [start, await measure(start)] as const)));
  const outcomes: CutOutcome[] = [];
  for (let cut = 0; cut < count; cut++) {
    const start = starts[cut % starts.length] ?? "blank";
    // The end of a run waits for the board's last word: whatever comes before it can be cut.
    const afterBytes = 1 + random.below((wholeRun.get(start) ?? 0) - endBytes);
    const outcome = await onBoard(start, (board) => flashWithCut(board, newFirmware(), afterBytes));
    outcomes.push(outcome);
    if (outcome.faults.length > 0)
      options.note(`${start}, cut after ${afterBytes} bytes: ${outcome.faults.join("; ")}`);
    if (outcomes.length % 20 === 0) options.note(`cable, flash: ${outcomes.length} of ${count}`);
  }
  return rowsOf(outcomes);
}

/** Bytes that a whole run sends. */
function measure(start: Start): Promise<number> {
  return onBoard(start, (board) => bytesOfRun(board, newFirmware()));
}

async function onBoard<T>(start: Start, work: (board: VirtualBoard) => Promise<T>): Promise<T> {
  const world = await createWorld({ mode: "real" });
  try {
    const options = start === "blank" ? { blank: true } : { firmware: { version: "1.26.0" } };
    const board = await world.addBoard({ name: "board", ...options });
    await board.powerOn();
    return await work(board);
  } finally {
    await world.close();
  }
}

function newFirmware(): readonly FlashRegion[] {
  const { bootLoader, table, application } = firmwareParts("esp32", { version: "1.27.1" });
  return [
    { address: chipModels.esp32.bootloaderOffset, bytes: bootLoader },
    { address: 0x8000, bytes: table },
    { address: 0x10000, bytes: application },
  ];
}

function rowsOf(outcomes: readonly CutOutcome[]): readonly Row[] {
  const booted = (kind: CutOutcome["boot"]): number => outcomes.filter(({ boot }) => boot === kind).length;
  const sum = (pick: (outcome: CutOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  return [
    figure("cable", "flash: cuts of the cable", outcomes.length, "cuts"),
    figure("cable", "flash: then MicroPython starts", booted("micropython"), "boards"),
    figure("cable", "flash: then the ROM finds no boot loader", booted("blank"), "boards"),
    figure("cable", "flash: then the boot loader finds nothing to start", booted("no-application"), "boards"),
    figure(
      "cable",
      "flash: missing after the cut",
      sum(({ missingBytes }) => missingBytes),
      "bytes",
    ),
    figure(
      "cable",
      "flash: written by the second run",
      sum(({ writtenBytes }) => writtenBytes),
      "bytes",
    ),
    failures("cable", "flash: neither whole nor resumable", outcomes.filter(({ faults }) => faults.length > 0).length),
  ];
}
