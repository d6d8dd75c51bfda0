import { ConfigError } from "@espx/proto";

/** A value with its place in the file; line and column count from 1. */
export interface CsvField {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The fields of one line: name, type, subtype, offset, size, flags; missing ones are empty. */
export type CsvLine = readonly [CsvField, CsvField, CsvField, CsvField, CsvField, CsvField];

const FIELD_COUNT = 6;

/** The lines that say something, cut into fields; comments start with `#`. */
export function readCsvLines(text: string, file: string): readonly CsvLine[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== "" && !line.trim().startsWith("#"))
    .map(({ line, number }) => readCsvLine(line, number, file));
}

function readCsvLine(line: string, number: number, file: string): CsvLine {
  const fields: CsvField[] = [];
  let start = 0;
  for (const part of line.split(",")) {
    const blank = part.length - part.trimStart().length;
    const text = part.trim();
    fields.push({ text, file, line: number, column: start + (text === "" ? 0 : blank) + 1 });
    start += part.length + 1;
  }
  const surplus = fields.slice(FIELD_COUNT).find(({ text }) => text !== "");
  if (surplus !== undefined) throw badField(surplus, `"${surplus.text}" is one field too many`);
  while (fields.length < FIELD_COUNT) fields.push({ text: "", file, line: number, column: line.length + 1 });
  return fields.slice(0, FIELD_COUNT) as unknown as CsvLine;
}

/** An error that points at a field. */
export function badField(field: CsvField, message: string, hint?: string): ConfigError {
  const { file, line, column } = field;
  return new ConfigError("image/csv-bad-value", message, { position: { file, line, column }, ...(hint && { hint }) });
}

/** A number as the IDF writes them: `4096`, `0x1000`, `24K`, `1.5M` is none. */
export function parseNumber(field: CsvField, what: string): number {
  const match = /^(-?)(0x[0-9a-f]+|\d+)([km]?)$/i.exec(field.text);
  const value = match === null ? Number.NaN : Number(match[2]) * unitOf(match[3] ?? "") * (match[1] === "-" ? -1 : 1);
  if (!Number.isSafeInteger(value) || value > 0xffffffff) {
    throw badField(field, `${what} is "${field.text}", expected a number such as 0x1000, 24K or 1M`);
  }
  return value;
}

function unitOf(suffix: string): number {
  return { k: 1024, m: 1024 * 1024 }[suffix.toLowerCase()] ?? 1;
}
