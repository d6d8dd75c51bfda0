import { expect, test } from "vitest";
import { flashCuts } from "./flash-cuts.ts";

test("a sample of pulled cables in a flash: each board starts or says why not, and the same again sends what is missing", async () => {
  const notes: string[] = [];
  const rows = await flashCuts({ sample: true, seed: 3, note: (text) => notes.push(text) });
  const value = (row: string): number => rows.find((one) => one.row === `flash: ${row}`)?.value ?? Number.NaN;
  expect(notes).toEqual([]);
  expect(value("cuts of the cable")).toBe(8);
  expect(value("neither whole nor resumable")).toBe(0);
  expect(value("written by the second run")).toBeGreaterThan(0);
}, 120_000);
