import fc from "fast-check";
import { expect, test } from "vitest";
import { checkValue, exampleOf, fieldSchema, type Field } from "../src/project/field.ts";

const field = (settings: Readonly<Record<string, unknown>>): Field => fieldSchema.parse(settings);

const good: readonly (readonly [Readonly<Record<string, unknown>>, string, string])[] = [
  [{ type: "string" }, "my net work", "my net work"],
  [{ type: "string" }, "0123", "0123"],
  [{ type: "int" }, "007", "7"],
  [{ type: "int", unit: "s" }, "10 s", "10"],
  [{ type: "number", unit: "Hz" }, "2.50", "2.5"],
  [{ type: "number", unit: "Hz" }, "2.5Hz", "2.5"],
  [{ type: "bool" }, "yes", "1"],
  [{ type: "bool" }, "False", "0"],
  [{ type: "host" }, "broker.local:1884", "broker.local:1884"],
  [{ type: "duration" }, "2s", "2000"],
  [{ type: "duration", unit: "s" }, "500 ms", "0.5"],
  [{ type: "duration", unit: "min" }, "2h", "120"],
  [{ type: "duration", unit: "s" }, "15", "15"],
];

test.each(good)("%j takes %s and stores %s", (settings, text, value) => {
  expect(checkValue(field(settings), text)).toEqual({ value });
});

const bad: readonly (readonly [Readonly<Record<string, unknown>>, string, string])[] = [
  [{ type: "int" }, "1.5", 'must be a whole number, got "1.5"'],
  [{ type: "int" }, "1e3", 'must be a whole number, got "1e3"'],
  [{ type: "int" }, "10 s", "has the unit s, expected no unit"],
  [{ type: "number", unit: "Hz", max: "20" }, "21", "must be at most 20 Hz, got 21"],
  [{ type: "bool" }, "maybe", 'must be true or false, got "maybe"'],
  [{ type: "host" }, "my broker", 'must be a host name or address, got "my broker"'],
  [{ type: "name" }, "a/b", 'must be a name without / + #, got "a/b"'],
  [{ type: "string", min: "8" }, "short", "must be at least 8 characters, got 5"],
  [{ type: "int", secret: "true" }, "hunter22", "must be a whole number, got something else"],
  [{ type: "url" }, "not a url", 'must be a URL, got "not a url"'],
];

test.each(bad)("%j refuses %s", (settings, text, fault) => {
  expect(checkValue(field(settings), text)).toEqual({ fault });
});

test("any text at all gives a value of one line or a fault, and a value is taken again as it is", () => {
  const types = fc.constantFrom("string", "int", "number", "bool", "host", "name", "duration", "url");
  const holds = (type: string, text: string): boolean => {
    const checked = checkValue(field({ type }), text);
    if ("fault" in checked) return checked.fault !== "";
    const again = checkValue(field({ type }), checked.value);
    return !/[\r\n]/.test(checked.value) && "value" in again && again.value === checked.value;
  };
  fc.assert(
    fc.property(types, fc.string({ unit: "binary" }), (type, text) => {
      expect(holds(type, text)).toBe(true);
    }),
  );
});

test("an example is always one that the field takes", () => {
  const fields = [
    { type: "int", min: "5" },
    { type: "bool" },
    { type: "duration" },
    { type: "host" },
    { type: "url" },
    { type: "string", choices: ["a", "b"] },
  ];
  for (const settings of fields)
    expect(checkValue(field(settings), exampleOf(field(settings)))).toHaveProperty("value");
});
