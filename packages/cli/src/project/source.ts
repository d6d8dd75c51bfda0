import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { ConfigError, type EspxErrorOptions } from "@espx/proto";

/** The text of a file that a person wrote, with its name as they know it. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** A place in a source, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * A ConfigError that shows its place: the line and a caret below the column.
 *
 * The excerpt of a line that holds a secret must go through the redactor like everything else.
 */
export function errorAt(
  source: Source,
  place: Place,
  error: { readonly code: string; readonly message: string } & EspxErrorOptions,
): ConfigError {
  const { code, message, ...options } = error;
  return new ConfigError(code, message, {
    ...options,
    position: { file: source.file, ...place },
    details: { ...options.details, excerpt: excerpt(source.text, place) },
  });
}

/** A ConfigError about a file as a whole. */
export function errorIn(
  file: string,
  error: { readonly code: string; readonly message: string } & EspxErrorOptions,
): ConfigError {
  const { code, message, ...options } = error;
  return new ConfigError(code, message, { ...options, position: { file } });
}

function excerpt(text: string, { line, column }: Place): string {
  const content = visible(text.split(/\r\n|\r|\n/)[line - 1] ?? "");
  const gutter = String(line);
  const lead = content.slice(0, column - 1).replaceAll(/[^\t]/g, " ");
  return `${gutter} | ${content}\n${" ".repeat(gutter.length)} | ${lead}^`;
}

/** What would steer a terminal is shown as one sign. */
const visible = (line: string): string => line.replaceAll(/(?!\t)\p{Cc}/gu, "\uFFFD");

/** A path as the person at `cwd` knows it: relative, unless that is longer and leads away. */
export function shownPath(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near.startsWith("..") && near.length > path.length ? path : near;
}

/**
 * Reads a file under the name by which the person at `cwd` knows it.
 *
 * @throws ConfigError `cli/file-encoding` at the first byte that is no UTF-8
 */
export async function readSource(path: string, cwd: string): Promise<Source> {
  const source = { file: shownPath(path, cwd), text: "" };
  const bytes = await readFile(path);
  try {
    return { ...source, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (cause) {
    const text = bytes.toString("utf8");
    const before = text.slice(0, text.indexOf("\uFFFD")).split(/\r\n|\r|\n/);
    throw errorAt(
      { ...source, text },
      { line: before.length, column: (before.at(-1) ?? "").length + 1 },
      {
        code: "cli/file-encoding",
        message: `${source.file} is not UTF-8`,
        cause,
        hint: "save it as UTF-8 in your editor",
      },
    );
  }
}
