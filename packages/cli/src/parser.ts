import { UsageError } from "@espx/proto";
import { Command as Parser, CommanderError, Option } from "commander";
import type { Command } from "./command.ts";
import { commands, otherSpelling, type CommandEntry } from "./commands/index.ts";
import { version } from "./version.ts";

/** Text that a run shall print instead of running a verb. */
export interface HelpText {
  readonly help: string;
}

/** A verb with its input, ready to run. */
export interface Parsed {
  readonly command: Command;
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, FlagValue>>;
}

type FlagValue = string | boolean | readonly string[] | undefined;

const codes: Readonly<Record<string, string>> = {
  "commander.unknownOption": "cli/flag-unknown",
  "commander.optionMissingArgument": "cli/flag-value",
  "commander.invalidArgument": "cli/flag-value",
  "commander.conflictingOption": "cli/usage",
  "commander.unknownCommand": "cli/command-unknown",
  "commander.missingArgument": "cli/argument-missing",
  "commander.excessArguments": "cli/argument-surplus",
};

/**
 * Parses a command line strictly: an unknown verb or flag and surplus arguments end it, with the nearest name.
 *
 * @param selected - the verb that the command line names, the only one whose module is loaded
 * @throws UsageError with one of the `cli/…` codes of parsing
 */
export async function parseCommandLine(
  argv: readonly string[],
  selected: CommandEntry | undefined,
): Promise<Parsed | HelpText> {
  const definition = selected === undefined ? undefined : (await selected.load()).default;
  let parsed: Parsed | undefined;
  let other: CommandEntry | undefined;
  let text = "";
  const program = buildProgram({
    selected,
    definition,
    done: (result) => (parsed = result),
    elsewhere: (entry) => (other = entry),
  });
  for (const parser of [program, ...descendants(program)]) {
    parser.exitOverride();
    parser.configureOutput({ writeOut: (chunk) => (text += chunk), writeErr: () => undefined });
    parser.configureHelp({ helpWidth: 100, subcommandTerm: (child) => child.name() });
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.help") return { help: program.helpInformation() };
    if (error.exitCode === 0) return { help: text };
    throw usageError(error, selected);
  }
  if (other !== undefined) return parseCommandLine(argv, other);
  return parsed ?? { help: program.helpInformation() };
}

interface Choice {
  readonly selected: CommandEntry | undefined;
  readonly definition: Command | undefined;
  readonly done: (parsed: Parsed) => void;
  /** Called when the words lead to another verb than the one that was loaded. */
  readonly elsewhere: (entry: CommandEntry) => void;
}

function buildProgram({ selected, definition, done, elsewhere }: Choice): Parser {
  const program = new Parser("espx").description("Brings MicroPython code onto ESP32 boards and keeps it there.");
  program.version(version, "-V, --version", "print the version").helpOption("-h, --help", "show help");
  program.addHelpText("after", "\nespx VERB --help shows a verb's flags and an example.");
  addGlobalFlags(program);
  for (const entry of commands) {
    const words = entry.name.split(" ");
    const parent = words.length === 1 ? program : program.commands.find((child) => child.name() === words[0]);
    const parser = new Parser(words.at(-1)).summary(entry.summary);
    if (entry === selected && definition !== undefined) describe(parser, definition, done);
    else
      parser
        .allowUnknownOption()
        .argument("[anything...]")
        .action(() => elsewhere(entry));
    const alias = otherSpelling(parser.name());
    if (alias !== undefined) parser.alias(alias);
    parser.helpOption("-h, --help", "show help");
    (parent ?? program).addCommand(parser);
  }
  program.helpCommand(false);
  for (const child of program.commands) child.helpCommand(false);
  return program;
}

function describe(parser: Parser, definition: Command, done: (parsed: Parsed) => void): void {
  parser.description(
    definition.description ?? `${definition.summary[0]?.toUpperCase()}${definition.summary.slice(1)}.`,
  );
  for (const { name, description, optional, variadic } of definition.args ?? []) {
    const text = variadic === true ? `${name}...` : name;
    parser.argument(optional === true ? `[${text}]` : `<${text}>`, description);
  }
  for (const [name, flag] of Object.entries(definition.flags ?? {})) {
    const long = `--${kebab(name)}${flag.value === undefined ? "" : ` <${flag.value}>`}`;
    const option = new Option(flag.short === undefined ? long : `-${flag.short}, ${long}`, flag.description);
    if (flag.repeats === true)
      option.argParser((value, before: readonly string[] | undefined) => [...(before ?? []), value]);
    parser.addOption(option);
  }
  if (definition.changes === true) parser.option("--dry-run", "say what would be done, and do nothing");
  if (definition.destroys === true) parser.option("-y, --yes", "do not ask before something is destroyed");
  addGlobalFlags(parser);
  parser.addHelpText("after", `\nExamples:\n${definition.examples.map((example) => `  ${example}`).join("\n")}`);
  parser.action((...call: unknown[]) => {
    const positional = call
      .slice(0, definition.args?.length ?? 0)
      .flat()
      .filter((value) => value !== undefined);
    done({ command: definition, args: positional as string[], flags: flagsOf(parser, definition) });
  });
}

/** commander keeps `--no-wait` as `wait: false`; a verb knows it as `noWait: true`. */
function flagsOf(parser: Parser, definition: Command): Parsed["flags"] {
  const values = parser.optsWithGlobals<Record<string, FlagValue>>();
  const flags = Object.entries(definition.flags ?? {});
  const negated = flags.map(([name]) => name).filter((name) => /^no[A-Z]/.test(name));
  const lists = flags
    .filter(([, { repeats }]) => repeats === true)
    .map(([name]) => [name, values[name] ?? []] as const);
  return {
    ...values,
    ...Object.fromEntries(lists),
    ...Object.fromEntries(negated.map((name) => [name, values[uncapital(name.slice(2))] === false])),
  };
}

const uncapital = (name: string): string => `${name[0]?.toLowerCase()}${name.slice(1)}`;

function addGlobalFlags(parser: Parser): void {
  parser.option("--json", "print events and the result as NDJSON");
  parser.option("-q, --quiet", "print results and errors only");
  parser.option("-v, --verbose", "print details too");
  parser.option("--timeout <seconds>", "give up after so many seconds");
}

function usageError(error: CommanderError, selected: CommandEntry | undefined): UsageError {
  const message = error.message.replace(/^error: /, "").replace(/\n\(Did you mean (.+)\?\)/s, " (did you mean $1?)");
  const verb = selected === undefined ? "" : ` ${selected.name}`;
  return new UsageError(codes[error.code] ?? "cli/usage", message.replaceAll(/'([^']*)'/g, '"$1"'), {
    hint: `espx${verb} --help`,
  });
}

function descendants(parser: Parser): readonly Parser[] {
  return parser.commands.flatMap((child) => [child, ...descendants(child)]);
}

/** `dryRun` as `dry-run`. */
const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
