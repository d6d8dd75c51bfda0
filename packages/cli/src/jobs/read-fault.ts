/** What a fault takes, as the simulator's table of faults says. */
interface FaultRow {
  readonly field: string;
  readonly takes: readonly string[];
  readonly meaning: string;
}

type FaultTable = Readonly<Record<string, FaultRow>>;

/** The faults with the words that each takes. */
export function faultUsage(table: FaultTable): readonly { readonly name: string; readonly description: string }[] {
  return Object.entries(table).map(([kind, { field, takes, meaning }]) => ({
    name: `${kind} ${takes.map((type) => wordsFor(type, field)).join("|")}`,
    description: meaning,
  }));
}

/** The words of a person as the plain data that the simulator checks: `access-point down`, `link-loss 500ms`. */
export function readFault(words: readonly string[], table: FaultTable): unknown {
  const [kind = "", value] = words;
  const row = table[kind];
  if (row === undefined || value === undefined) return { kind };
  return { kind, [row.field]: readValue(value, row) };
}

/** What a number stands for. */
const countTypes: readonly string[] = ["milliseconds", "bytes", "offset"];

function readValue(text: string, { takes }: FaultRow): unknown {
  if (takes.includes("boolean")) {
    if (/^(on|up|true|yes|1)$/.test(text)) return true;
    if (/^(off|down|false|no|0)$/.test(text)) return false;
  }
  if (takes.includes("null") && /^(off|none|null)$/.test(text)) return null;
  const number = /^(-?\d+)(ms|s)?$/.exec(text);
  if (takes.some((type) => countTypes.includes(type)) && number !== null) {
    return Number(number[1]) * (number[2] === "s" ? 1000 : 1);
  }
  return text;
}

function wordsFor(type: string, field: string): string {
  if (type === "boolean") return field === "up" ? "up|down" : "on|off";
  if (type === "milliseconds" || type === "offset") return "MS";
  if (type === "bytes") return "BYTES";
  if (type === "null") return "off";
  return type === "nothing" ? "(nothing)" : type;
}
