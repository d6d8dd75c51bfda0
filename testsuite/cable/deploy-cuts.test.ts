import { expect, test } from "vitest";
import { deployCuts } from "./deploy-cuts.ts";

test("a sample of broken-off deploys: no half file, a set that comes up, and the same again sends what is missing", async () => {
  const notes: string[] = [];
  const rows = await deployCuts({ sample: true, seed: 5, note: (text) => notes.push(text) });
  const value = (row: string): number => rows.find((one) => one.row === `deploy: ${row}`)?.value ?? Number.NaN;
  expect(notes).toEqual([]);
  expect(value("cuts of the cable, and ends of the host")).toBe(6);
  expect(value("not whole, not up, or sent twice")).toBe(0);
  expect(value("content sent by the second run, of the whole set")).toBeLessThan(95);
}, 120_000);
