import type { Context } from "../context.ts";
import { errorIn, readSource, type Place, type Source } from "../project/source.ts";
import type { ScenarioFile } from "./find-scenarios.ts";
import type { ConfigLine } from "./install.ts";
import { parseScenario, type Statement } from "./parse-scenario.ts";
import type { ScenarioBoard } from "./scenario-board.ts";
import type { Tools } from "./statements.ts";
import { loadTestModule, placeInStack } from "./test-module.ts";

/** One scenario, from a text or from a module, ready to be run on a board. */
export interface Runnable {
  readonly name: string;
  readonly source: Source;
  readonly config: readonly ConfigLine[];
  run(board: ScenarioBoard): Promise<void>;
  /** The place that failed, and how its line reads. */
  readonly whereFailed: (error: unknown) => (Place & { readonly text: string }) | undefined;
}

/**
 * Reads a file into its scenarios; whatever is wrong in it is found before any board starts.
 *
 * @throws ConfigError `cli/file-missing`, `cli/scenario-syntax`, `cli/scenario-order`, `cli/test-module`
 */
export async function readScenarios(ctx: Context, file: ScenarioFile, tools: Tools): Promise<readonly Runnable[]> {
  const source = await readSource(file.path, ctx.cwd).catch((cause: unknown) => {
    throw errorIn(file.path, {
      code: "cli/file-missing",
      message: `cannot read the scenario ${file.path}`,
      cause,
      hint: "make it a file that you can read, or give it another ending",
    });
  });
  if (file.kind === "module") return readModule(file, source);
  const { statements, config } = parseScenario(source, tools);
  let current: Statement | undefined;
  const run = async (board: ScenarioBoard): Promise<void> => {
    for (current of statements) await current.act(board);
  };
  return [
    { name: file.name, source, config, run, whereFailed: () => current && { ...current.place, text: current.text } },
  ];
}

async function readModule(file: ScenarioFile, source: Source): Promise<readonly Runnable[]> {
  const scenarios = await loadTestModule(file.path, source.file);
  return scenarios.map(({ title, play }) => ({
    name: `${file.name}: ${title}`,
    source,
    config: [],
    run: async (board) => play({ board }),
    whereFailed: (error) => {
      const place = placeInStack(error, file.path);
      return place && { ...place, text: source.text.split("\n")[place.line - 1]?.trim() ?? "" };
    },
  }));
}
