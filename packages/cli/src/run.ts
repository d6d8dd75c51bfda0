import { CanceledError, isEspxError, type EspxError } from "@espx/proto";
import { realClock } from "./clock.ts";
import { findCommand } from "./commands/index.ts";
import type { Context, Env, GlobalFlags, Outside, Terminal } from "./context.ts";
import { parseTimeout, startDeadline } from "./deadline.ts";
import { errorData, formatError, toEspxError } from "./output/error-text.ts";
import { createOutput } from "./output/create.ts";
import type { Output, Sinks } from "./output/output.ts";
import { createRedactor, type Redactor } from "./output/redactor.ts";
import { realOutside } from "./outside.ts";
import { parseCommandLine, type Parsed } from "./parser.ts";
import { realTerminal } from "./terminal.ts";

/** What a caller of {@link runEspx} may put in the place of the real thing. */
export interface Overrides {
  readonly cwd?: string;
  readonly env?: Env;
  readonly signal?: AbortSignal;
  readonly sinks?: Sinks;
  readonly terminal?: Terminal;
  readonly outside?: Partial<Outside>;
  /** Milliseconds since 1970, for the `t` of events. */
  readonly nowMs?: () => number;
}

/**
 * Runs one command line in this process.
 *
 * @param words - the words after `espx`; `help VERB` is `VERB --help`
 * @returns the exit code; every error has been printed
 */
export async function runEspx(words: readonly string[], overrides: Overrides = {}): Promise<number> {
  const argv = words[0] === "help" ? [...words.slice(1), "--help"] : words;
  const env = overrides.env ?? process.env;
  const sinks = overrides.sinks ?? realSinks;
  const redactor = createRedactor();
  const selected = findCommand(argv);
  const options = { verb: selected?.name ?? "", redactor, env, sinks, nowMs: overrides.nowMs ?? Date.now };
  const out = await createOutput(argv, options);
  try {
    const parsed = await parseCommandLine(argv, selected);
    if ("help" in parsed) {
      sinks.stdout(parsed.help);
      return 0;
    }
    const flags = globalFlags(parsed);
    const data = await runCommand(parsed, { flags, env, out, redactor, overrides });
    out.settle();
    out.emit({ kind: "result", data: { exit: 0, data } });
    return 0;
  } catch (thrown) {
    out.settle();
    return report(toEspxError(thrown), { out, sinks, redactor, verb: options.verb });
  }
}

interface Frame {
  readonly flags: GlobalFlags;
  readonly env: Env;
  readonly out: Output;
  readonly redactor: Redactor;
  readonly overrides: Overrides;
}

async function runCommand({ command, args, flags: all }: Parsed, frame: Frame): Promise<Record<string, unknown>> {
  const { flags, env, out, redactor, overrides } = frame;
  const deadline = startDeadline(overrides.signal ?? new AbortController().signal, flags.timeoutMs, command.name);
  const ctx: Context = {
    verb: command.name,
    out,
    clock: realClock,
    signal: deadline.signal,
    env,
    cwd: overrides.cwd ?? process.cwd(),
    flags,
    redactor,
    terminal: overrides.terminal ?? realTerminal(out),
    outside: { ...realOutside(env), ...overrides.outside },
  };
  try {
    return { ...(await command.run(ctx, { args, flags: all as never })) };
  } catch (thrown) {
    // What a canceled wait says of itself gives way to why it was canceled.
    const follows = !isEspxError(thrown) || thrown instanceof CanceledError;
    throw deadline.signal.aborted && follows ? deadline.signal.reason : thrown;
  } finally {
    deadline.clear();
  }
}

function globalFlags({ flags }: Parsed): GlobalFlags {
  return {
    json: flags["json"] === true,
    quiet: flags["quiet"] === true,
    verbose: flags["verbose"] === true,
    yes: flags["yes"] === true,
    dryRun: flags["dryRun"] === true,
    waitPort: flags["waitPort"] === true,
    timeoutMs: parseTimeout(flags["timeout"] as string | undefined),
  };
}

function report(error: EspxError, to: { out: Output; sinks: Sinks; redactor: Redactor; verb: string }): number {
  to.out.emit({ kind: "error", code: error.code, data: errorData(error) });
  to.out.emit({ kind: "result", code: error.code, data: { exit: error.exitCode, data: {} } });
  const quietEnd =
    error.code === "cli/pipe-closed" || error.code === "cli/interrupted" || error.code === "cli/terminated";
  if (!to.out.json && !quietEnd) to.sinks.stderr(`${to.redactor.text(formatError(error, to.verb))}\n`);
  return error.exitCode;
}

const realSinks: Sinks = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
};
