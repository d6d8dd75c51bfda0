import { isEspxError } from "@espx/proto";
import type { TestBench } from "./bench.ts";
import type { ScenarioBoard } from "./scenario-board.ts";
import type { WordReader } from "./words.ts";

/** What a line does to the board. */
export type Act = (board: ScenarioBoard) => void | Promise<void>;

/** What reading a line may need. */
export type Tools = Pick<TestBench, "parseFault">;

/** One command of the scenario language. */
export interface Verb {
  /** What a line looks like, for hints and for the documentation. */
  readonly usage: string;
  readonly meaning: string;
  /** `setup` stands above `start`, `run` below it, `any` anywhere. */
  readonly when: "setup" | "run" | "any";
  read(words: WordReader, tools: Tools): Act;
}

/** Pins of an ESP32 and how they are written. */
export const pinNumber = (words: WordReader): number => words.wholeNumber("a pin", { min: 0, max: 39 });
export const pinLevel = (words: WordReader): 0 | 1 => (words.keyword("0", "1") === "1" ? 1 : 0);

const LONGEST_OPERATIONS = 1_000_000;

/** Every command but `expect`, by its first word. */
export const verbs: Readonly<Record<string, Verb>> = {
  config: {
    usage: "config KEY VALUE",
    meaning: "sets a value of the device's config; `section.key` for one in a section",
    when: "setup",
    read: (words) => {
      const [key, value] = [words.word("a config key"), words.phrase("a value")];
      return (board) => board.config(key, value);
    },
  },
  release: {
    usage: "release confirmed|trial",
    meaning: "whether the set has proved itself already; on trial the same set lies in slot b to go back to",
    when: "setup",
    read: (words) => {
      const state = words.keyword("confirmed", "trial");
      return (board) => board.release(state);
    },
  },
  nvs: {
    usage: "nvs NAMESPACE KEY i32 NUMBER | nvs NAMESPACE KEY text TEXT",
    meaning: "puts a value into NVS",
    when: "setup",
    read: (words) => {
      const [namespace, key] = [words.word("a namespace"), words.word("a key")];
      const value =
        words.keyword("i32", "text") === "i32"
          ? words.wholeNumber("the value", { min: -(2 ** 31), max: 2 ** 31 - 1 })
          : words.phrase("a text");
      return (board) => board.nvs(namespace, key, value);
    },
  },
  file: {
    usage: "file PATH TEXT",
    meaning: "puts a file on the board",
    when: "any",
    read: (words) => {
      const path = boardPath(words);
      const text = words.phrase("a text");
      return (board) => board.file(path, text);
    },
  },
  start: {
    usage: "start",
    meaning: "switches the power on for the first time",
    when: "setup",
    read: () => (board) => board.start(),
  },
  advance: {
    usage: "advance TIME",
    meaning: "lets time pass",
    when: "run",
    read: (words) => {
      const ms = words.timeMs();
      return (board) => board.advance(ms);
    },
  },
  publish: {
    usage: "publish NAME VALUE [retained] [qos 0|1]",
    meaning: "sends a command to the device; a NAME with / is a whole topic",
    when: "run",
    read: (words) => {
      const [name, value] = [words.word("a name"), words.phrase("a value", "retained", "qos")];
      const retain = words.accept("retained") !== undefined;
      const qos = words.accept("qos") !== undefined && words.keyword("0", "1") === "1" ? 1 : 0;
      return (board) => board.publish(name, value, { retain, qos });
    },
  },
  pin: {
    usage: "pin NUMBER 0|1",
    meaning: "drives a pin from outside",
    when: "run",
    read: (words) => {
      const [pin, level] = [pinNumber(words), pinLevel(words)];
      return (board) => board.pin(pin, level);
    },
  },
  type: {
    usage: 'type "TEXT"',
    meaning: "types on the console; \\r is the Enter key, \\x03 is Ctrl-C",
    when: "run",
    read: (words) => {
      const text = words.phrase("a text");
      return (board) => board.type(text);
    },
  },
  power: {
    usage: "power on|off|cycle",
    meaning: "switches the power",
    when: "run",
    read: (words) => {
      const action = words.keyword("on", "off", "cycle");
      return (board) => board.power(action);
    },
  },
  reset: { usage: "reset", meaning: "presses the reset button", when: "run", read: () => (board) => board.reset() },
  cut: {
    usage: "cut power at flash operation NUMBER [torn BYTES]",
    meaning: "cuts the power at that flash operation from now; torn leaves so many bytes of a write",
    when: "run",
    read: (words) => {
      for (const keyword of ["power", "at", "flash", "operation"]) words.keyword(keyword);
      const operation = words.wholeNumber("a flash operation", { min: 1, max: LONGEST_OPERATIONS });
      const torn =
        words.accept("torn") === undefined ? undefined : words.wholeNumber("the bytes", { min: 0, max: 2 ** 24 });
      return (board) => board.cutPower(operation, torn);
    },
  },
  forget: {
    usage: "forget mqtt|console",
    meaning: "forgets what was seen, so that an old value fulfils nothing",
    when: "run",
    read: (words) => {
      const what = words.keyword("mqtt", "console");
      return (board) => board.forget(what);
    },
  },
  "access-point": faultVerb({
    usage: "access-point down|up",
    meaning: "takes the access point away or brings it back",
    values: ["down", "up"],
  }),
  "wifi-password": faultVerb({
    usage: "wifi-password wrong|right",
    meaning: "has the access point refuse the password",
    values: ["wrong", "right"],
    words: { wrong: "on", right: "off" },
  }),
  "link-loss": {
    usage: "link-loss [TIME]",
    meaning: "cuts Wi-Fi, for a moment or for that long",
    when: "run",
    read: (words) => {
      const ms = words.atEnd ? [] : [`${Math.round(words.timeMs())}ms`];
      return (board) => board.fault("link-loss", ...ms);
    },
  },
  broker: faultVerb({
    usage: "broker normal|refuse|silent|close",
    meaning: "how the broker treats the device",
    values: ["normal", "refuse", "silent", "close"],
  }),
  dns: faultVerb({
    usage: "dns fails|works",
    meaning: "has name look-ups fail",
    values: ["fails", "works"],
    words: { fails: "on", works: "off" },
  }),
  fault: {
    usage: "fault NAME VALUE",
    meaning: "gives the board any other fault that `espx sim fault --list` names",
    when: "run",
    read: (words, tools) => {
      const { place } = words;
      const parts = [words.word("a fault")];
      while (!words.atEnd) parts.push(words.word("a value"));
      try {
        tools.parseFault(parts);
      } catch (error) {
        if (!isEspxError(error)) throw error;
        throw words.fail(error.message, place);
      }
      return (board) => board.fault(...parts);
    },
  },
};

interface FaultVerb {
  readonly usage: string;
  readonly meaning: string;
  readonly values: readonly string[];
  /** The same in the words of `espx sim fault`, where they differ. */
  readonly words?: Readonly<Record<string, string>>;
}

function faultVerb({ usage, meaning, values, words: translated = {} }: FaultVerb): Verb {
  const kind = usage.split(" ")[0] ?? "";
  return {
    usage,
    meaning,
    when: "run",
    read: (words) => {
      const value = words.keyword(...values);
      return (board) => board.fault(kind, translated[value] ?? value);
    },
  };
}

/** An absolute path on the board. */
export function boardPath(words: WordReader): string {
  const { place } = words;
  const path = words.word("a path");
  if (/^\/[^/]/.test(path)) return path;
  throw words.fail(`a path on the board begins with /, got "${path}"`, place);
}
