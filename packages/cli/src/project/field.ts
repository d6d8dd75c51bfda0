import * as z from "zod";
import { isDeviceName } from "@espx/proto";
import { emptyAs, yamlBool, yamlNumber, yamlText } from "./scalars.ts";

const fieldTypes = ["string", "int", "number", "bool", "host", "name", "duration", "url"] as const;

/** One key of a device's config as a manifest or a module declares it. */
export const fieldSchema = z.strictObject({
  type: z.enum(fieldTypes).describe("what the value is"),
  unit: yamlText.optional().describe("unit of a number, or the unit in which a duration is stored (ms, s, min, h)"),
  required: yamlBool.default(false).describe("a device cannot work without it"),
  default: yamlText.optional().describe("value when the config does not give one"),
  secret: yamlBool.default(false).describe("never shown"),
  min: yamlNumber.optional().describe("smallest value, or shortest text"),
  max: yamlNumber.optional().describe("largest value, or longest text"),
  choices: emptyAs(undefined, z.array(yamlText).optional()).describe("the only values"),
  description: yamlText.optional().describe("one line for a person"),
});

export type Field = z.output<typeof fieldSchema>;

/** A value as the device's config holds it, or what is wrong with it as the end of a sentence. */
export type Checked = { readonly value: string } | { readonly fault: string };

/**
 * Checks one value against its field and brings it into the form of the device's config: a bool is `1` or `0`, a
 * number has lost its unit, a duration is a number in the field's unit (ms without one).
 */
export function checkValue(field: Field, text: string): Checked {
  if (/[\r\n]/.test(text) || text.trim() === "") return { fault: "is empty or has line breaks" };
  if (field.choices !== undefined && !field.choices.includes(text)) {
    return { fault: `must be one of ${field.choices.join(", ")}, got ${shown(field, text)}` };
  }
  const checked = byType[field.type](text.trim(), field);
  if ("fault" in checked) return checked;
  const range = rangeFault(field, checked.value);
  return range === null ? checked : { fault: range };
}

/** An example of a value, for a hint. */
export function exampleOf(field: Field): string {
  if (field.default !== undefined) return field.default;
  if (field.choices?.[0] !== undefined) return field.choices[0];
  const examples: Record<Field["type"], string> = {
    string: "text",
    int: String(field.min ?? 1),
    number: String(field.min ?? 1),
    bool: "1",
    host: "192.168.1.10",
    name: "kitchen",
    duration: "10s",
    url: "https://example.org",
  };
  return examples[field.type];
}

type Check = (text: string, field: Field) => Checked;

const byType: Readonly<Record<Field["type"], Check>> = {
  string: (text) => ({ value: text }),
  int: (text, field) => numberWithUnit(text, field, /^-?\d+$/, "a whole number"),
  number: (text, field) => numberWithUnit(text, field, /^-?\d+(\.\d+)?$/, "a number"),
  bool: (text, field) => boolValue(text, field),
  host: (text, field) => host(text, field),
  name: (text, field) => (isDeviceName(text) ? { value: text } : wrong("a name without / + #", field, text)),
  duration: (text, field) => duration(text, field),
  url: (text, field) => (URL.canParse(text) ? { value: text } : wrong("a URL", field, text)),
};

function host(text: string, field: Field): Checked {
  if (!/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/.test(text)) return wrong("a host name or address", field, text);
  // More colons than one are those of an IPv6 address.
  const port = /^[^:]*:([^:]*)$/.exec(text)?.[1];
  const usable = port === undefined || (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535);
  return usable ? { value: text } : wrong("a host with a port from 1 to 65535", field, text);
}

function boolValue(text: string, field: Field): Checked {
  if (/^(1|true|yes|on)$/i.test(text)) return { value: "1" };
  if (/^(0|false|no|off)$/i.test(text)) return { value: "0" };
  return wrong("true or false", field, text);
}

function numberWithUnit(text: string, field: Field, shape: RegExp, noun: string): Checked {
  const match = /^(\S*?\d)\s*([^\d\s.]+)?$/.exec(text);
  const [number, unit] = [match?.[1] ?? "", match?.[2]];
  if (match === null || !shape.test(number)) return wrong(noun, field, text);
  const value = String(Number(number));
  if (value.includes("e")) return wrong(`${noun} of a size that a device can hold`, field, text);
  if (unit === undefined || unit === field.unit) return { value };
  const expected = field.unit === undefined ? "no unit" : `the unit ${field.unit}`;
  return { fault: `has the unit ${unit}, expected ${expected}` };
}

const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

function duration(text: string, field: Field): Checked {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text);
  const stored = field.unit ?? "ms";
  const unit = match?.[2] === "" ? stored : match?.[2];
  const factor = unit === undefined ? undefined : MS_PER[unit];
  if (match === null || factor === undefined) return wrong("a time such as 500ms, 10s, 5min or 1h", field, text);
  const value = String((Number(match[1]) * factor) / (MS_PER[stored] ?? 1));
  return value.includes("e") ? wrong("a time that a device can hold", field, text) : { value };
}

function rangeFault(field: Field, value: string): string | null {
  const text = field.type === "string" || field.type === "name" || field.type === "host" || field.type === "url";
  const size = text ? Array.from(value).length : Number(value);
  const unit = text ? " characters" : field.unit === undefined ? "" : ` ${field.unit}`;
  if (field.min !== undefined && size < field.min)
    return `must be at least ${field.min}${unit}, got ${text ? size : value}`;
  if (field.max !== undefined && size > field.max)
    return `must be at most ${field.max}${unit}, got ${text ? size : value}`;
  return null;
}

function wrong(noun: string, field: Field, text: string): Checked {
  return { fault: `must be ${noun}, got ${shown(field, text)}` };
}

/** Secrets are never repeated, not even wrong ones. */
const shown = (field: Field, text: string): string => (field.secret ? "something else" : `"${text}"`);
