import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { editorSchemas } from "../src/project/schemas.ts";

const folder = new URL("../schemas/", import.meta.url);

test.each(Object.entries(editorSchemas()))(
  "the editor's schema %s is fresh (UPDATE_GOLDEN=1 writes it)",
  (name, schema) => {
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    if (process.env["UPDATE_GOLDEN"] === "1") {
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL(name, folder), text);
    }
    expect(JSON.parse(readFileSync(new URL(name, folder), "utf8"))).toEqual(JSON.parse(text));
  },
);

test("the schemas let numbers and booleans be written as YAML has them", () => {
  const schemas = JSON.stringify(editorSchemas()["manifest.schema.json"]);
  expect(schemas).toContain('"boolean"');
  expect(schemas).not.toContain("editorType");
});
