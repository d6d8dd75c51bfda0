import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/** Compares `text` with a file of the repository; `UPDATE_GOLDEN=1` writes it instead. */
export function expectFile(path: string, text: string): void {
  const url = new URL(`../../../${path}`, import.meta.url);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(url, text);
  expect(text, `${path} is out of date: UPDATE_GOLDEN=1 npm test`).toBe(readFileSync(url, "utf8"));
}
