import { pathToFileURL } from "node:url";
import type { ConfigError } from "@espx/proto";
import { errorIn, type Place } from "../project/source.ts";
import type { ScenarioBoard } from "./scenario-board.ts";

/** A scenario written in JavaScript; it fails when it throws. */
export type ScriptedScenario = (stage: { readonly board: ScenarioBoard }) => void | Promise<void>;

/** What a `.test.mjs` exports as `scenarios`: functions by title. */
export type ScriptedScenarios = Readonly<Record<string, ScriptedScenario>>;

interface Titled {
  readonly title: string;
  readonly play: ScriptedScenario;
}

/**
 * Loads a module and takes its scenarios.
 *
 * @param file - its name as the person knows it
 * @throws ConfigError `cli/test-module`
 */
export async function loadTestModule(path: string, file: string): Promise<readonly Titled[]> {
  const module = await importModule(path, file);
  const { scenarios } = module;
  if (typeof scenarios !== "object" || scenarios === null) throw wrong(file, "exports no scenarios");
  const titled = Object.entries(scenarios as Record<string, unknown>);
  if (titled.length === 0) throw wrong(file, "exports no scenarios");
  const other = titled.find(([, play]) => typeof play !== "function");
  if (other !== undefined) throw wrong(file, `exports a scenario "${other[0]}" that is no function`);
  return titled.map(([title, play]) => ({ title, play: play as ScriptedScenario }));
}

async function importModule(path: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(path);
  try {
    return (await import(/* @vite-ignore */ href)) as Record<string, unknown>;
  } catch (cause) {
    throw wrong(file, "cannot be loaded", cause);
  }
}

/** Where in a module an error was thrown or a call of it failed. */
export function placeInStack(error: unknown, path: string): Place | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const { href } = pathToFileURL(path);
  for (const name of [href, path]) {
    const at = stack.indexOf(`${name}:`);
    const match = at < 0 ? null : /^:(\d+):(\d+)/.exec(stack.slice(at + name.length));
    if (match !== null) return { line: Number(match[1]), column: Number(match[2]) };
  }
  return undefined;
}

function wrong(file: string, fault: string, cause?: unknown): ConfigError {
  return errorIn(file, {
    code: "cli/test-module",
    message: `${file} ${fault}`,
    cause,
    hint: 'write: export const scenarios = { "title": async ({ board }) => { … } };',
  });
}
