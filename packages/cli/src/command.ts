import type { Context } from "./context.ts";

/** One flag of a verb; `value` names what it takes, without it the flag is a switch. */
export interface FlagSpec {
  readonly description: string;
  readonly value?: string;
  /** The flag may be given several times. */
  readonly repeats?: true;
  readonly short?: string;
}

/** One positional argument. A variadic one is the last and collects the rest. */
interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  readonly variadic?: boolean;
}

type FlagSpecs = Readonly<Record<string, FlagSpec>>;

/** Values of flags by their camelCase name; a flag that repeats is a list, empty when it was not given. */
type FlagValues<F extends FlagSpecs> = {
  readonly [K in keyof F]: F[K] extends { readonly repeats: true }
    ? readonly string[]
    : F[K] extends { readonly value: string }
      ? string | undefined
      : boolean;
};

/** What a verb's `run` gets: positional arguments in order, a variadic one flattened at the end, and its flags. */
interface Input<F extends FlagSpecs> {
  readonly args: readonly string[];
  readonly flags: FlagValues<F>;
}

/**
 * A verb as data: what `--help` shows, what the parser takes, and what runs.
 *
 * `changes` gives it `--dry-run`, `destroys` gives it `--yes`. Every example stands in `--help` and works as printed.
 */
export interface Command<F extends FlagSpecs = FlagSpecs> {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly examples: readonly [string, ...string[]];
  readonly args?: readonly ArgumentSpec[];
  readonly flags?: F;
  readonly changes?: boolean;
  readonly destroys?: boolean;
  /** Answers the data of the final `result` event. */
  run(ctx: Context, input: Input<F>): Promise<Readonly<Record<string, unknown>> | void>;
}

/** Types a command by its own flags; the parser takes all commands alike. */
export function defineCommand<const F extends FlagSpecs = Record<never, FlagSpec>>(command: Command<F>): Command {
  return command as unknown as Command;
}
