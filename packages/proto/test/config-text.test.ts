import { type ConfigEntry, formatConfigText, parseConfigText } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf, vectors } from "./vectors.ts";

describe("config text", () => {
  for (const { name, text, entries } of vectors<{ name: string; text: string; entries: ConfigEntry[] }>(
    "config-text",
  )) {
    test(`reads ${name}`, () => expect(parseConfigText(text)).toEqual(entries));
  }

  const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
  const value = fc.oneof(
    fc.constant(null),
    fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/).filter((text) => text !== "None"),
  );
  const entry = fc.record({ section: fc.oneof(fc.constant(""), key), key, value });

  test("reads back what it wrote, section by section", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
        const sections = [...new Set(["", ...entries.map(({ section }) => section)])];
        const expected = sections.flatMap((section) => entries.filter((each) => each.section === section));
        const got = parseConfigText(formatConfigText(entries)).map(({ section, key, value }) => ({
          section,
          key,
          value,
        }));
        expect(got).toEqual(expected);
      }),
    );
  });

  test.each([
    ["an empty value", "ssid", ""],
    ["a line break", "ssid", "a\nb"],
    ["outer spaces", "ssid", " a"],
    ["the text None", "ssid", "None"],
    ["a comment for a key", "#x", "a"],
    ["a section for a key", "[x]", "a"],
    ["a key with a space", "a b", "c"],
  ])("refuses to write %s", (_, key, value) => {
    expect(codeOf(() => formatConfigText([{ section: "", key, value }]))).toBe("proto/bad-config-value");
  });
});
