import { type NvsEntry, decodeNvs, encodeNvs } from "@espx/image";
import { describe, expect, test } from "vitest";
import { askPython, pythonWith } from "../../../../testsuite/python.ts";
import { randomNvs } from "./values.ts";

const python = pythonWith("esp_idf_nvs_partition_gen");
const script = new URL("../peers/nvs_peer.py", import.meta.url);
const sizeBytes = 0x10000;

function plain({ type, value, ...names }: NvsEntry): object {
  return { ...names, type, value: type === "blob" ? Buffer.from(value).toString("hex") : String(value) };
}

describe.skipIf(python === undefined)("beside ESP-IDF's generator (needs esp-idf-nvs-partition-gen)", () => {
  const lists = Array.from({ length: 40 }, (_, seed) => randomNvs(seed + 1, 4 * seed));
  // Its command line takes the page that stays empty off the size, and so do we.
  const jobs = lists.map((entries) => ({ size: sizeBytes - 4096, entries: entries.map(plain) }));
  const answers = python === undefined ? [] : (askPython(python, script, jobs) as readonly string[]);
  const theirs = answers.map((base64) => new Uint8Array(Buffer.from(base64, "base64")));

  test("its partitions are read to the values that went in", () => {
    expect(theirs.map(decodeNvs)).toEqual(lists);
  });

  test("ours are the same bytes", () => {
    for (const [index, entries] of lists.entries()) {
      expect(Buffer.compare(encodeNvs(entries, sizeBytes), theirs[index] as Uint8Array)).toBe(0);
    }
  });
});
