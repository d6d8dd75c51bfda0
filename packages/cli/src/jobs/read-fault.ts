/** What a fault takes, as the simulator's table of faults says. */
interface FaultRow {
  readonly field?: string;
  readonly takes: readonly string[];
  readonly meaning: string;
  readonly example: string;
}

type FaultTable = Readonly<Record<string, FaultRow>>;

/** A fault as a list of them names it. */
interface FaultUsage {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

/** The faults with the words that each takes. */
export function faultUsage(table: FaultTable): readonly FaultUsage[] {
  return Object.entries(table).map(([kind, { field, takes, meaning, example }]) => {
    const values = takes.filter((type) => type !== "unvalued").map((type) => wordsFor(type, field));
    const value = values.length < takes.length && values.length > 0 ? `[${values.join("|")}]` : values.join("|");
    return { name: `${kind} ${value}`.trim(), description: meaning, example };
  });
}

/** The words of a person as the plain data that the simulator checks: `access-point down`, `link-loss 500ms`. */
export function readFault(words: readonly string[], table: FaultTable): unknown {
  const [kind = "", ...rest] = words;
  const row = table[kind];
  if (row === undefined || rest.length === 0) return { kind };
  const value = rest.join(" ");
  return { kind, [row.field ?? "value"]: readValue(value, row) };
}

/** What a number stands for. */
const countTypes: readonly string[] = ["milliseconds", "bytes", "offset", "count", "percent"];

function readValue(text: string, { takes }: FaultRow): unknown {
  if (takes.includes("boolean")) {
    if (/^(on|up|true|yes|1)$/.test(text)) return true;
    if (/^(off|down|false|no|0)$/.test(text)) return false;
  }
  if (takes.includes("null") && /^(off|none|null)$/.test(text)) return null;
  const number = /^(back )?(-?\d+)(ms|s)?$/.exec(text);
  if (takes.some((type) => countTypes.includes(type)) && number !== null) {
    const count = Number(number[2]) * (number[3] === "s" ? 1000 : 1);
    return number[1] === undefined ? count : -count;
  }
  return text;
}

function wordsFor(type: string, field: string | undefined): string {
  if (type === "boolean") return field === "up" ? "up|down" : "on|off";
  if (type === "milliseconds") return "MS";
  if (type === "offset") return "[back] MS";
  if (type === "bytes") return "BYTES";
  if (type === "count") return "NUMBER";
  if (type === "percent") return "PERCENT";
  return type === "null" ? "off" : type;
}
