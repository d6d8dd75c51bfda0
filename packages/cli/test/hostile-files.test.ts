import fc from "fast-check";
import { isEspxError } from "@espx/proto";
import { expect, test } from "vitest";
import { projectSchema } from "../src/project/espx-yaml.ts";
import { manifestSchema } from "../src/project/manifest.ts";
import { convertYaml, parseYamlFile } from "../src/project/yaml-file.ts";
import { projectFiles } from "./_project.ts";

/** Text with some of its characters taken out, doubled or replaced. */
function damaged(text: string): fc.Arbitrary<string> {
  const cut = fc.record({
    at: fc.nat(text.length),
    length: fc.nat(8),
    put: fc.string({ maxLength: 4, unit: "binary" }),
  });
  return fc
    .array(cut, { minLength: 1, maxLength: 4 })
    .map((cuts) =>
      cuts.reduce((result, { at, length, put }) => result.slice(0, at) + put + result.slice(at + length), text),
    );
}

/** What reading gives: nothing, or an error that names a place inside the text. */
function verdict(read: () => unknown, text: string): string {
  try {
    read();
    return "fine";
  } catch (error) {
    if (!isEspxError(error)) return `threw ${String(error)}`;
    const { line, column } = error.details as { line?: number; column?: number };
    const lines = text.split(/\r\n|\r|\n/);
    const inside = line !== undefined && column !== undefined && line >= 1 && line <= lines.length && column >= 1;
    return error.exitCode === 3 && inside ? "fine" : `${error.code} at ${line}:${column}`;
  }
}

test.each([
  ["a manifest", projectFiles["manifests/lamp.yaml"], manifestSchema],
  ["espx.yaml", projectFiles["espx.yaml"], projectSchema],
] as const)("%s that is damaged anywhere is read, or refused at a place in it", (name, good, schema) => {
  const texts = fc.oneof(damaged(good), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(texts, (text) => {
      expect(verdict(() => convertYaml(parseYamlFile({ file: name, text }), schema), text)).toBe("fine");
    }),
    { numRuns: 400 },
  );
});

test("an alias without an anchor, and aliases that multiply, are refused as what they are", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c]\n`;
  for (const text of ["profile: *nothing\n", bomb]) {
    expect(() => parseYamlFile({ file: "x.yaml", text })).toThrow(/x\.yaml (is not YAML|cannot be read as YAML)/);
  }
});
