import { didYouMean } from "../project/nearest.ts";
import { errorIn, type Place, type Source } from "../project/source.ts";
import { readExpectation } from "./expect-statements.ts";
import type { ConfigLine } from "./install.ts";
import { verbs, type Act, type Tools, type Verb } from "./statements.ts";
import { WordReader } from "./words.ts";

/** One line of a scenario, read and checked. */
export interface Statement {
  readonly place: Place;
  /** The line as it stands there. */
  readonly text: string;
  readonly act: Act;
}

/** A scenario that can be run. */
export interface Scenario {
  readonly source: Source;
  readonly statements: readonly Statement[];
  /** Where the config of its board stands. */
  readonly config: readonly ConfigLine[];
}

const expectVerb: Verb = { usage: "", meaning: "", when: "run", read: readExpectation };

/**
 * Reads a scenario: one command a line, `#` begins a comment.
 *
 * @throws ConfigError `cli/scenario-syntax`, `cli/scenario-order`
 */
export function parseScenario(source: Source, tools: Tools): Scenario {
  const config: ConfigLine[] = [];
  const statements: Statement[] = [];
  let started = false;
  for (const [index, text] of source.text.split(/\r\n|\r|\n/).entries()) {
    const words = new WordReader(source, index + 1, text);
    if (words.isEmpty) continue;
    const { place } = words;
    const [name, verb] = readVerb(words);
    checkOrder(words, { place, name, verb, started });
    started ||= name === "start";
    if (name === "config") config.push(configLine(source, index + 1, text));
    statements.push({ place, text: text.trim(), act: readAct(words, verb, tools) });
  }
  if (!started) {
    const message = `${source.file} never starts its board`;
    throw errorIn(source.file, { code: "cli/scenario-order", message, hint: 'write a line "start" below the config' });
  }
  return { source, statements, config };
}

/**
 * Reads lines that act on a board which a script holds.
 *
 * @throws ConfigError `cli/scenario-syntax`
 */
export function parseLines(source: Source, tools: Tools): readonly Statement[] {
  return source.text.split("\n").flatMap((text, index) => {
    const words = new WordReader(source, index + 1, text);
    if (words.isEmpty) return [];
    const { place } = words;
    return [{ place, text: text.trim(), act: readAct(words, readVerb(words)[1], tools) }];
  });
}

function readVerb(words: WordReader): readonly [string, Verb] {
  const names = [...Object.keys(verbs), "expect"];
  const { place } = words;
  const name = words.accept(...names);
  if (name === undefined) {
    const got = words.word("a command");
    words.usage = names.join(", ");
    throw words.fail(`"${got}" is no command of a scenario${didYouMean(got, names)}`, place);
  }
  const verb = verbs[name] ?? expectVerb;
  words.usage = verb.usage;
  return [name, verb];
}

function readAct(words: WordReader, verb: Verb, tools: Tools): Act {
  const act = verb.read(words, tools);
  words.end();
  return act;
}

interface Order {
  readonly place: Place;
  readonly name: string;
  readonly verb: Verb;
  readonly started: boolean;
}

function checkOrder(words: WordReader, { place, name, verb, started }: Order): void {
  if (verb.when === "any" || (verb.when === "run") === started) return;
  words.usage = started ? `${name} above the line "start"` : 'a line "start" above it';
  const message = started
    ? name === "start"
      ? "the board is started already; power, reset and cut are for later"
      : `"${name}" comes before "start", where the board has no power yet`
    : `"${name}" comes before the board is started`;
  throw words.fail(message, place, "cli/scenario-order");
}

function configLine(source: Source, line: number, text: string): ConfigLine {
  const words = new WordReader(source, line, text);
  words.word("config");
  const keyPlace = words.place;
  const key = words.word("a config key");
  return { key, keyPlace, valuePlace: words.place };
}
