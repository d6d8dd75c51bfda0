import { protoCodes } from "@espx/proto";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { simCodes } from "../../src/codes.ts";

test.each(["control", "rfc2217"])("every code that %s throws is listed", (name) => {
  const folder = new URL(`../../src/${name}/`, import.meta.url);
  const listed = { ...protoCodes, ...simCodes };
  const thrown = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), "utf8").matchAll(/"((?:sim|port|link)\/[a-z0-9-]+)"/g)].map(
      ([, code]) => code,
    ),
  );
  expect(thrown.filter((code) => !(code !== undefined && code in listed))).toEqual([]);
});
