import type { Env } from "../context.ts";
import { createBoardLines } from "./board-lines.ts";
import { createHumanOutput, type Palette } from "./human.ts";
import { createJsonOutput } from "./json.ts";
import type { Look, Output, Sinks } from "./output.ts";
import { createProgressBar, type ProgressBar } from "./progress.ts";
import type { Redactor } from "./redactor.ts";

/** What an output is made from. */
export interface OutputOptions {
  readonly verb: string;
  readonly redactor: Redactor;
  readonly env: Env;
  readonly sinks: Sinks;
  readonly nowMs: () => number;
}

/**
 * The output that a command line asks for. It is chosen before parsing, so that a wrong command line is
 * reported in the form that was asked for; ora and chalk are loaded only when they will draw.
 */
export async function createOutput(argv: readonly string[], options: OutputOptions): Promise<Output> {
  const asked = (long: string, short?: string): boolean =>
    argv.includes(long) || (short !== undefined && argv.includes(short));
  const verbose = asked("--verbose", "-v");
  if (asked("--json")) return createJsonOutput(options.sinks, { ...options, verbose });
  const plain = (options.env["NO_COLOR"] ?? "") !== "" || options.env["TERM"] === "dumb";
  const quiet = asked("--quiet", "-q");
  const look: Look = {
    quiet,
    verbose,
    color: process.stdout.isTTY && process.stderr.isTTY && !plain,
    // A terminal that does not know its width would be drawn on without end.
    bars: process.stderr.isTTY && process.stderr.columns > 0 && !plain && !quiet,
    width: process.stderr.columns || 100,
  };
  return createHumanOutput(options.sinks, {
    look,
    palette: look.color ? await colored() : uncolored,
    redactor: options.redactor,
    bar: look.bars ? await drawnBar(look, options.nowMs) : null,
    lines: look.bars
      ? createBoardLines((text) => options.sinks.stderr(text), { now: options.nowMs, width: look.width })
      : null,
  });
}

const same = (text: string): string => text;
const uncolored: Palette = { strong: same, faint: same, good: same, bad: same };

async function colored(): Promise<Palette> {
  const { default: chalk } = await import("chalk");
  return { strong: chalk.bold, faint: chalk.dim, good: chalk.green, bad: chalk.red };
}

async function drawnBar(look: Look, nowMs: () => number): Promise<ProgressBar> {
  const { default: ora } = await import("ora");
  const spinner = ora({ stream: process.stderr, discardStdin: false, hideCursor: true });
  return createProgressBar(spinner, nowMs, look.width);
}
