import { deflateSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { has } from "../../../testsuite/programs.ts";
import { pythonWith } from "../../../testsuite/python.ts";
import { startSimBoards } from "./_sim-boards.ts";

describe.each([9_600, 921_600])("espx sim --line-baud %i", (baudRate) => {
  test.each(["sim:", "rfc2217:"])("is understood by who comes over %s", async (scheme) => {
    await using boards = await startSimBoards(["shed"], { baudRate });
    const url = boards.session.boards[0]?.urls.find((each) => each.startsWith(scheme)) ?? "";
    const { code, stdout, stderr } = await boards.espx(["exec", "print(6 * 7)", "--port", url]);
    expect([code, stdout, stderr]).toEqual([0, "42\n", ""]);
  });
});

test("--line-baud holds what a program prints to that rate, also over sim:", async () => {
  await using boards = await startSimBoards(["shed"], { baudRate: 9_600 });
  const startMs = performance.now();
  const { stdout } = await boards.espx(["exec", "print('x' * 1500)", "--port", "sim:shed"]);
  expect(stdout).toHaveLength(1_501);
  expect(performance.now() - startMs).toBeGreaterThan(1_550);
});

const there = has("socat") && pythonWith("esptool") !== undefined;

test.skipIf(!there)(
  "esptool reads 256 KiB at once through a terminal without a pace, and all of it comes (needs socat, esptool)",
  async () => {
    await using boards = await startSimBoards(["shed"], { pty: true });
    const { code, text } = await boards.esptool("shed", "read-flash", "0x10000", "0x40000", "flash.bin");
    expect(code, text).toBe(0);
    const read = readFileSync(join(boards.folder, "flash.bin"));
    expect(read).toHaveLength(0x40000);
    expect(deflateSync(read).length).toBeGreaterThan(10_000);
    const again = await boards.esptool("shed", "verify-flash", "0x10000", "flash.bin");
    expect(again.code, again.text).toBe(0);
  },
  60_000,
);
