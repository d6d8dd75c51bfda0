import type { ResetCause } from "@espx/proto";
import type { Within } from "./expectations.ts";
import { boardPath, pinLevel, pinNumber, type Act } from "./statements.ts";
import { between, containing, exactly, matching, type ValueTest } from "./value-test.ts";
import type { WordReader } from "./words.ts";

/** One form of `expect`. */
interface Expectation {
  readonly usage: string;
  readonly meaning: string;
  read(words: WordReader): Act;
}

const causes = ["power-on", "hard", "watchdog", "deep-sleep", "soft"] as const satisfies readonly ResetCause[];

/** Every form of `expect`, by its second word. */
export const expectations: Readonly<Record<string, Expectation>> = {
  mqtt: {
    usage: "expect mqtt NAME [VALUE | matches PATTERN | between A and B] [within TIME]",
    meaning: "the last value on the topic is this, or one that comes in time is",
    read: (words) => {
      const [name, test, within] = [words.word("a name"), readTest(words, exactly), readWithin(words)];
      return (board) => board.expect.mqtt(name, test, within);
    },
  },
  online: {
    usage: "expect online [within TIME]",
    meaning: "the device is connected to the broker",
    read: (words) => {
      const within = readWithin(words);
      return (board) => board.expect.online(within);
    },
  },
  offline: {
    usage: "expect offline [within TIME]",
    meaning: "it is not",
    read: (words) => {
      const within = readWithin(words);
      return (board) => board.expect.offline(within);
    },
  },
  pin: {
    usage: "expect pin NUMBER 0|1 [within TIME]",
    meaning: "the pin has this level, or takes it in time",
    read: (words) => {
      const [pin, level, within] = [pinNumber(words), pinLevel(words), readWithin(words)];
      return (board) => board.expect.pin(pin, level, within);
    },
  },
  pulse: {
    usage: "expect pulse pin NUMBER period TIME [±PERCENT %] [for TIME]",
    meaning: "the pin rises at this distance each time; ±10 % and six periods when not given",
    read: readPulse,
  },
  console: {
    usage: "expect console TEXT | matches PATTERN [within TIME]",
    meaning: "the console has said this since the start, or says it in time",
    read: (words) => {
      const test = readTest(words, containing) ?? words.phrase("a text");
      const within = readWithin(words);
      return (board) => board.expect.console(test, within);
    },
  },
  boots: {
    usage: "expect boots NUMBER [within TIME]",
    meaning: "the device has started so many times, the first power-on included",
    read: (words) => {
      const [count, within] = [words.wholeNumber("a number of boots", { min: 0, max: 100_000 }), readWithin(words)];
      return (board) => board.expect.boots(count, within);
    },
  },
  boot: {
    usage: `expect boot ${causes.join("|")} [within TIME]`,
    meaning: "the last start had this cause, or one in time has",
    read: (words) => {
      const [cause, within] = [words.keyword(...causes), readWithin(words)];
      return (board) => board.expect.boot(cause, within);
    },
  },
  power: {
    usage: "expect power on|off [within TIME]",
    meaning: "the chip runs, or does not: without power, after a cut, in deep sleep",
    read: (words) => {
      const [state, within] = [words.keyword("on", "off"), readWithin(words)];
      return (board) => board.expect.power(state, within);
    },
  },
  file: {
    usage: "expect file PATH [contains TEXT | matches PATTERN] [within TIME]",
    meaning: "the file is there, with that in it",
    read: (words) => {
      const path = boardPath(words);
      const contains = words.accept("contains") !== undefined;
      const test = contains ? containing(words.phrase("a text", "within")) : readTest(words);
      const within = readWithin(words);
      return (board) => board.expect.file(path, test, within);
    },
  },
  nvs: {
    usage: "expect nvs NAMESPACE KEY i32 NUMBER | text TEXT [within TIME]",
    meaning: "NVS holds this value",
    read: (words) => {
      const [namespace, key] = [words.word("a namespace"), words.word("a key")];
      const isNumber = words.keyword("i32", "text") === "i32";
      const value = isNumber ? words.number("the value") : words.phrase("a text", "within");
      const within = readWithin(words);
      return (board) => board.expect.nvs(namespace, key, value, within);
    },
  },
  slot: {
    usage: "expect slot a|b [within TIME]",
    meaning: "this slot holds",
    read: (words) => {
      const [slot, within] = [words.keyword("a", "b"), readWithin(words)];
      return (board) => board.expect.slot(slot, within);
    },
  },
  state: {
    usage: "expect state confirmed|trial [within TIME]",
    meaning: "the set that holds has proved itself, or not yet",
    read: (words) => {
      const [state, within] = [words.keyword("confirmed", "trial"), readWithin(words)];
      return (board) => board.expect.state(state, within);
    },
  },
};

/** Every form of `expect no`, by its third word. */
export const absences: Readonly<Record<string, Expectation>> = {
  mqtt: {
    usage: "expect no mqtt NAME [VALUE | matches PATTERN | between A and B] for TIME",
    meaning: "no such value comes for so long",
    read: (words) => {
      const [name, test, during] = [words.word("a name"), readTest(words, exactly), readFor(words)];
      return (board) => board.expect.noMqtt(name, test, during);
    },
  },
  console: {
    usage: "expect no console TEXT | matches PATTERN for TIME",
    meaning: "the console does not say it in a line for so long",
    read: (words) => {
      const test = readTest(words, containing) ?? words.phrase("a text");
      const during = readFor(words);
      return (board) => board.expect.noConsole(test, during);
    },
  },
  pin: {
    usage: "expect no pin NUMBER for TIME",
    meaning: "the pin does not change for so long",
    read: (words) => {
      const [pin, during] = [pinNumber(words), readFor(words)];
      return (board) => board.expect.noPinChange(pin, during);
    },
  },
  boot: {
    usage: "expect no boot for TIME",
    meaning: "the device does not start again for so long",
    read: (words) => {
      const during = readFor(words);
      return (board) => board.expect.noBoot(during);
    },
  },
  file: {
    usage: "expect no file PATH [within TIME]",
    meaning: "the file is not there, or goes in time",
    read: (words) => {
      const [path, within] = [boardPath(words), readWithin(words)];
      return (board) => board.expect.noFile(path, within);
    },
  },
};

/** Reads what follows `expect`. */
export function readExpectation(words: WordReader): Act {
  const negated = words.accept("no") !== undefined;
  const table = negated ? absences : expectations;
  const forms = Object.keys(table);
  words.usage = `expect ${negated ? "no " : ""}${forms.join("|")} …`;
  const form = table[words.keyword(...forms)] as Expectation;
  words.usage = form.usage;
  return form.read(words);
}

function readWithin(words: WordReader): Within {
  return words.accept("within") === undefined ? {} : { within: words.timeMs() };
}

function readFor(words: WordReader): { readonly for: number } {
  words.keyword("for");
  return { for: words.timeMs() };
}

/** A test of a value, or undefined when the line gives none; a bare text is read by `plain`. */
function readTest(words: WordReader, plain?: (text: string) => ValueTest): ValueTest | undefined {
  if (words.accept("matches") !== undefined) return matching(words.pattern("within", "for"));
  if (words.accept("between") !== undefined) {
    const min = words.number("the least value");
    words.keyword("and");
    return between(min, words.number("the greatest value"));
  }
  if (plain === undefined || words.atEnd || words.isAt("within", "for")) return undefined;
  return plain(words.phrase("a value", "within", "for"));
}

function readPulse(words: WordReader): Act {
  words.keyword("pin");
  const pin = pinNumber(words);
  words.keyword("period");
  const periodMs = words.timeMs();
  const tolerance = words.atEnd || words.isAt("for") ? {} : { tolerance: readTolerance(words) };
  const during = words.isAt("for") ? readFor(words) : {};
  return (board) => board.expect.pulse(pin, periodMs, { ...tolerance, ...during });
}

/** `±10 %`, also as `+-10%`. */
function readTolerance(words: WordReader): number {
  const { place } = words;
  const text = words.word("a tolerance such as ±10 %");
  const sign = words.accept("%") ?? "";
  const percent = /^(?:±|\+-|\+\/-)(\d+(?:\.\d+)?)%$/.exec(`${text}${sign}`)?.[1];
  if (percent === undefined) throw words.fail(`expected a tolerance such as ±10 %, got "${text}"`, place);
  return Number(percent) / 100;
}
