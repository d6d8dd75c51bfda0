import { readFileSync, writeFileSync } from "node:fs";

/** What a file of the repository holds; `UPDATE_GOLDEN=1 npm test` writes `text` to it first. */
export function goldenFile(path: string, text: string): string {
  const url = new URL(`../../../${path}`, import.meta.url);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(url, text);
  return readFileSync(url, "utf8");
}
