import type { ConfigError } from "@espx/proto";
import { didYouMean } from "../project/nearest.ts";
import { errorAt, type Place, type Source } from "../project/source.ts";
import { parseTime, timeExamples, timeUnits } from "./time.ts";

/** One word of a line: quotes are taken off, and a quoted word is never a keyword. */
interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly column: number;
  readonly endColumn: number;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Reads one line of a scenario word by word; whatever does not fit is an error at its place. */
export class WordReader {
  readonly #source: Source;
  readonly #line: number;
  readonly #text: string;
  readonly #words: readonly Word[];
  #next = 0;
  /** What the line may look like, once its first word is known. */
  usage = "";

  /** @throws ConfigError `cli/scenario-syntax` for a quote without its end */
  constructor(source: Source, line: number, text: string) {
    this.#source = source;
    this.#line = line;
    this.#text = text;
    this.#words = [...this.#split()];
  }

  get isEmpty(): boolean {
    return this.#words.length === 0;
  }

  get atEnd(): boolean {
    return this.#next >= this.#words.length;
  }

  /** Where the next word stands, or would stand. */
  get place(): Place {
    const word = this.#words[this.#next] ?? { column: this.#words.at(-1)?.endColumn ?? 1 };
    return { line: this.#line, column: word.column };
  }

  /** Takes the next word when it is one of these, unquoted. */
  accept<const T extends string>(...keywords: readonly T[]): T | undefined {
    const word = this.#words[this.#next];
    if (word === undefined || word.quoted) return undefined;
    const found = keywords.find((keyword) => keyword === word.text);
    if (found !== undefined) this.#next++;
    return found;
  }

  /** Whether the next word is one of these, unquoted. */
  isAt(...keywords: readonly string[]): boolean {
    const word = this.#words[this.#next];
    return word !== undefined && !word.quoted && keywords.includes(word.text);
  }

  /** The next word, which must be one of these. */
  keyword<const T extends string>(...keywords: readonly T[]): T {
    const found = this.accept(...keywords);
    if (found !== undefined) return found;
    const got = this.#words[this.#next]?.text;
    const near = got === undefined ? "" : didYouMean(got, keywords);
    throw this.fail(`expected ${keywords.join(" or ")}, got ${this.#got()}${near}`);
  }

  /** Any next word. */
  word(what: string): string {
    const word = this.#words[this.#next];
    if (word === undefined) throw this.fail(`expected ${what}, got the end of the line`);
    this.#next++;
    return word.text;
  }

  /** Everything up to one of these keywords or to the end: one quoted word, or the text as it stands there. */
  phrase(what: string, ...until: readonly string[]): string {
    const first = this.#next;
    const ends = ({ quoted, text }: Word): boolean => !quoted && until.includes(text);
    while (!this.atEnd && !ends(this.#words[this.#next] as Word)) this.#next++;
    const taken = this.#words.slice(first, this.#next);
    const [start, end] = [taken[0], taken.at(-1)];
    if (start === undefined || end === undefined) throw this.fail(`expected ${what}, got ${this.#got()}`);
    return taken.length === 1 ? start.text : this.#text.slice(start.column - 1, end.endColumn - 1);
  }

  wholeNumber(what: string, { min, max }: { readonly min: number; readonly max: number }): number {
    const { place } = this;
    const text = this.word(what);
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw this.fail(`${what} must be a whole number from ${min} to ${max}, got "${text}"`, place);
  }

  number(what: string): number {
    const { place } = this;
    const text = this.word(what);
    if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
    throw this.fail(`${what} must be a number, got "${text}"`, place);
  }

  /** `10 s` or `10s`, in milliseconds. */
  timeMs(): number {
    const { place } = this;
    const text = this.word(`a time ${timeExamples}`);
    const unit = /^\d+(\.\d+)?$/.test(text) ? this.accept(...timeUnits) : undefined;
    const ms = parseTime(`${text} ${unit ?? ""}`);
    if (ms !== undefined) return ms;
    throw this.fail(`expected a time ${timeExamples}, got "${text}"`, place);
  }

  /** A pattern of JavaScript. */
  pattern(...until: readonly string[]): RegExp {
    const { place } = this;
    const text = this.phrase("a regular expression", ...until);
    try {
      return new RegExp(text, "u");
    } catch {
      throw this.fail(`"${text}" is not a regular expression`, place);
    }
  }

  /** Nothing may be left. */
  end(): void {
    if (!this.atEnd) throw this.fail(`"${this.#words[this.#next]?.text}" is more than this line takes`);
  }

  /** An error at the next word, or at `place`. */
  fail(
    message: string,
    place: Place = this.place,
    code: "cli/scenario-syntax" | "cli/scenario-order" = "cli/scenario-syntax",
  ): ConfigError {
    return errorAt(this.#source, place, {
      code,
      message,
      ...(this.usage === "" ? {} : { hint: `write: ${this.usage}` }),
    });
  }

  #got(): string {
    const word = this.#words[this.#next];
    return word === undefined ? "the end of the line" : `"${word.text}"`;
  }

  *#split(): Generator<Word> {
    const pattern = /\s*(?:#.*|"((?:[^"\\]|\\.)*)"(?=\s|$)|(\S+)|$)/gy;
    for (let match = pattern.exec(this.#text); match !== null && match[0] !== ""; match = pattern.exec(this.#text)) {
      const [all, quoted, plain] = match;
      const endColumn = match.index + all.length + 1;
      if (quoted !== undefined) {
        yield { text: unescape(quoted), quoted: true, column: endColumn - quoted.length - 2, endColumn };
      } else if (plain !== undefined) {
        const column = endColumn - plain.length;
        if (plain.startsWith('"'))
          throw this.fail('this " has no end, or text follows it', { line: this.#line, column });
        yield { text: plain, quoted: false, column, endColumn };
      } else return;
    }
  }
}

/** `\n`, `\x03`, `\"`; a backslash before anything else stands for what follows it. */
const unescape = (text: string): string =>
  text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex: string | undefined, letter: string | undefined) =>
    hex === undefined ? (escapes[letter ?? ""] ?? letter ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
