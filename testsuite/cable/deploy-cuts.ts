import { failures, figure, type FigureOptions, type Row } from "../figures/row.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { twoReleases } from "../powercut/releases.ts";
import { bytesOfDeploy, cutKinds, type DeployCut, type DeployOutcome, deployWithCut } from "./deploy-cut.ts";

/** Broken-off deploys, whole and as a sample. */
const whole = 200;
const sample = 6;

/** The first bytes find the prompt, and the last ones reset the board: between them a deploy can be broken off. */
const startBytes = 4;
const endBytes = 300;

/** Breaks deploys off at random bytes, by the cable and by the end of the host, and does the same again each time. */
export async function deployCuts(options: FigureOptions): Promise<readonly Row[]> {
  const random = new SeededRandom(options.seed);
  const releases = await twoReleases();
  const wholeRun = await bytesOfDeploy(releases);
  const outcomes: DeployOutcome[] = [];
  for (let number = 0; number < (options.sample ? sample : whole); number++) {
    const kind = cutKinds[number % 2] ?? "pulled";
    const afterBytes = startBytes + random.below(wholeRun - startBytes - endBytes);
    const cut: DeployCut = { kind, afterBytes, reboots: number % 4 < 2 };
    const outcome = await deployWithCut(releases, cut);
    outcomes.push(outcome);
    if (outcome.faults.length > 0) options.note(`deploy, ${describe(cut)}: ${outcome.faults.join("; ")}`);
    if (outcomes.length % 20 === 0) options.note(`cable, deploy: ${outcomes.length}`);
  }
  return rowsOf(outcomes, wholeRun);
}

function describe({ kind, afterBytes, reboots }: DeployCut): string {
  const how = kind === "pulled" ? "the cable pulled" : "the host killed";
  return `${how} after ${afterBytes} bytes${reboots ? ", then started anew" : ""}`;
}

function rowsOf(outcomes: readonly DeployOutcome[], wholeRun: number): readonly Row[] {
  const sum = (of: (outcome: DeployOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const row = (name: string, value: number, unit: string): Row => figure("cable", `deploy: ${name}`, value, unit);
  const again = sum(({ againBytes }) => againBytes) / sum(({ wholeBytes }) => wholeBytes);
  return [
    row("cuts of the cable, and ends of the host", outcomes.length, "each"),
    row("bytes that a whole run sends", wholeRun, "B"),
    row("content sent by the second run, of the whole set", Math.round(1000 * again) / 10, "%"),
    failures(
      "cable",
      "deploy: not whole, not up, or sent twice",
      outcomes.filter(({ faults }) => faults.length > 0).length,
    ),
  ];
}
