import { protoCodes } from "@espx/proto";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { portCodes } from "../../src/ports/codes.ts";

const folder = new URL("../../src/ports/", import.meta.url);

test("every code that an adapter throws is listed, and every one listed is thrown", () => {
  const thrown = new Set<string>();
  for (const file of readdirSync(folder).filter((name) => name !== "codes.ts")) {
    const text = readFileSync(new URL(file, folder), "utf8");
    for (const [, code] of text.matchAll(/new \w+Error\(\s*"((?:port|mqtt|broker|link|fetch)\/[a-z0-9-]+)"/g))
      thrown.add(code as string);
  }
  const own = [...thrown].filter((code) => !(code in protoCodes));
  expect(own.sort()).toEqual(Object.keys(portCodes).sort());
});
