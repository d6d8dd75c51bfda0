import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { has } from "../../../testsuite/programs.ts";
import { pythonWith } from "../../../testsuite/python.ts";
import { type ChipFixture, PseudoTerminal, runEsptool } from "../../sim/test/chip/chip-fixture.ts";
import type { ChipFaults } from "../../sim/src/chip/chip-faults.ts";
import type { ChipName } from "../../sim/src/chip/chip-model.ts";
import { FlashSession } from "@espx/serial";
import { flashTools as tools } from "../src/ports/flash-tools.ts";
import { firmware, withChip } from "./_chip.ts";
import { hastyClock, throughLine } from "./_lines.ts";
import { firmwareFile, firmwareParts } from "./_firmware.ts";
import { eventsOf, run, type RunResult, tempFolder } from "./_run.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
const path = (name: string): string => join(folder.path, name);
beforeAll(async () => {
  folder = await tempFolder();
  for (const chip of ["esp32", "esp32s3", "esp32c3"] as const) await writeFile(path(`${chip}.bin`), firmwareFile(chip));
  await writeFile(path("app.bin"), firmwareParts("esp32c3", { version: "1.99.0" }).application);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Runs a verb on the board of a fixture. */
function espx({ board }: ChipFixture, argv: readonly string[], env = {}): Promise<RunResult> {
  const outside = { openPort: () => Promise.resolve(board.openSerial()), listPorts: () => Promise.resolve([]) };
  const state = { ESPX_STATE_DIR: folder.path, ...env };
  return run([...argv, "--port", "sim:board"], { outside, cwd: folder.path, env: state });
}

const flashOf = ({ board }: ChipFixture): Uint8Array => board.chip.flash.read(0, 0x400000);

describe("a chip in Secure Download Mode", () => {
  const locked = (
    options: { readonly blank?: boolean },
    work: (fixture: ChipFixture) => Promise<void>,
  ): Promise<void> => withChip({ chip: "esp32c3", chipFaults: { secureDownload: true }, ...options }, work);

  test("is flashed blind after a yes, which is said: what the file holds is in flash, and the board starts", () =>
    locked({ blank: true }, async (fixture) => {
      const result = await espx(fixture, ["flash", "--image", "esp32c3.bin", "--yes"]);
      expect(result.code, result.stderr).toBe(0);
      expect(result.stderr).toContain("in Secure Download Mode: flash --image, write-flash, restore and erase-region");
      expect(result.stdout).toMatch(/flashed without being verified .*; MicroPython v1\.27\.0/);
      const file = firmwareFile("esp32c3");
      expect(Buffer.compare(flashOf(fixture).subarray(0, 0x9000), file.subarray(0, 0x9000))).toBe(0);
      expect(Buffer.compare(flashOf(fixture).subarray(0x10000, file.length), file.subarray(0x10000))).toBe(0);
    }));

  test("takes an application into its place, and --json says that it was not verified", () =>
    locked({}, async (fixture) => {
      const result = await espx(fixture, ["write-flash", "0x10000", "app.bin", "--yes", "--json"]);
      expect(result.code, result.stdout).toBe(0);
      const flashed = eventsOf(result).find(({ kind }) => kind === "flashed")?.data;
      expect(flashed).toMatchObject({
        verified: false,
        unchangedBytes: 0,
        mac: null,
        boot: { kind: "micropython", text: expect.stringContaining("v1.99.0") as string },
      });
    }));

  test("is asked about first, and without a yes stays as it is", () =>
    locked({}, async (fixture) => {
      const before = flashOf(fixture);
      const { code, stderr } = await espx(fixture, ["flash", "--image", "esp32c3.bin"]);
      expect([code, stderr]).toEqual([2, expect.stringContaining("overwritten without being verified")]);
      expect(Buffer.compare(flashOf(fixture), before)).toBe(0);
    }));

  test("gets a backup back", () =>
    locked({}, async (fixture) => {
      const backup = flashOf(fixture).slice();
      await writeFile(path("backup.bin"), backup);
      expect((await espx(fixture, ["erase-region", "0", "256K", "--yes"])).code).toBe(0);
      const { code, stderr } = await espx(fixture, ["restore", "backup.bin", "--yes"]);
      expect(code, stderr).toBe(0);
      const held = flashOf(fixture);
      expect(Buffer.compare(held.subarray(0, 0x9000), backup.subarray(0, 0x9000))).toBe(0);
      expect(Buffer.compare(held.subarray(0x10000, 0x200000), backup.subarray(0x10000, 0x200000))).toBe(0);
    }));

  test("is erased by regions", () =>
    locked({}, async (fixture) => {
      const { code, stderr } = await espx(fixture, ["erase-region", "0x10000", "64K", "--yes"]);
      expect(code, stderr).toBe(0);
      expect(
        flashOf(fixture)
          .subarray(0x10000, 0x20000)
          .every((byte) => byte === 0xff),
      ).toBe(true);
      expect(flashOf(fixture)[0x20000]).not.toBe(0xff);
    }));

  test.each([
    ["read-flash", ["read-flash", "0", "4K", "out.bin"]],
    ["verify-flash", ["verify-flash", "0x10000", "app.bin"]],
    ["backup", ["backup", "out.bin"]],
    ["partitions", ["partitions"]],
    ["flash-id", ["flash-id"]],
    ["read-mac", ["read-mac"]],
    ["erase-flash", ["erase-flash", "--yes"]],
    ["flash --erase", ["flash", "--erase", "--yes", "--image", "esp32c3.bin"]],
  ])("refuses %s, says what still works, and starts again", (_, argv) =>
    locked({}, async (fixture) => {
      await fixture.waitFor(">>> ");
      const before = flashOf(fixture);
      const { code, stderr } = await espx(fixture, argv);
      expect(code, stderr).toBe(10);
      expect(stderr).toMatch(
        /in Secure Download Mode, which allows no .*erase-region still work.*\(flash\/secure-download\)/s,
      );
      expect(Buffer.compare(flashOf(fixture), before)).toBe(0);
      await fixture.waitFor(">>> ");
    }),
  );

  test("gets a block again that never arrived, from the start of its piece", () =>
    locked({ blank: true }, async (fixture) => {
      let blocks = 0;
      const isBlock = (bytes: Uint8Array): boolean => bytes.length > 1000 && bytes[2] === 0x03;
      const link = throughLine(fixture.board.openSerial(), {
        write: (bytes, pass) => (isBlock(bytes) && ++blocks === 40 ? Promise.resolve() : pass(bytes)),
      });
      const session = await FlashSession.connect(link, hastyClock, { tools });
      const [, , { address, bytes }] = firmware("esp32c3");
      expect(await session.write([{ address, bytes }])).toMatchObject({ resumed: 1, unchangedBytes: 0 });
      expect(Buffer.compare(flashOf(fixture).subarray(address, address + bytes.length), bytes)).toBe(0);
    }));

  test("tells espx chip that it is locked", () =>
    locked({}, async (fixture) => {
      const { code, stdout } = await espx(fixture, ["chip"]);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/ESP32-C3.*locks +secureDownload/s)]);
    }));

  const python = pythonWith("esptool");
  test.skipIf(python === undefined || !has("socat"))(
    "takes the same writes from esptool (needs esptool, socat)",
    { timeout: 60_000 },
    () =>
      locked({ blank: true }, async (fixture) => {
        await fixture.enterDownload();
        await using terminal = await PseudoTerminal.open(fixture.board);
        const mode = ["--before", "no-reset", "--after", "no-reset"];
        const argv = ["--port", terminal.path, ...mode, "write-flash", "0", path("esp32c3.bin")];
        const { code, text } = await runEsptool(python as string, argv);
        expect(code, text).toBe(0);
        const file = firmwareFile("esp32c3");
        expect(Buffer.compare(flashOf(fixture).subarray(0, file.length), file)).toBe(0);
      }),
  );
});

describe("a chip whose owner locked it is refused by flash with the reason, left as it was, and started again:", () => {
  test.each<[ChipName, ChipFaults, string, RegExp]>([
    ["esp32", { secureBoot: true }, "flash/secure-boot", /starts signed images only/],
    ["esp32s3", { secureBoot: true }, "flash/secure-boot", /starts signed images only/],
    ["esp32", { flashEncryption: true }, "flash/encrypted", /is encrypted/],
    ["esp32c3", { flashEncryption: true }, "flash/encrypted", /is encrypted/],
    ["esp32c3", { secureDownload: true, secureBoot: true }, "flash/secure-boot", /starts signed images only/],
    ["esp32s3", { secureDownload: true, flashEncryption: true }, "flash/encrypted", /is encrypted/],
  ])("%s with %o", (chip, chipFaults, code, says) =>
    withChip({ chip, chipFaults }, async (fixture) => {
      await fixture.waitFor(">>> ");
      const before = flashOf(fixture);
      const result = await espx(fixture, ["flash", "--image", `${chip}.bin`, "--yes"]);
      expect(result.code, result.stderr).toBe(10);
      expect(result.stderr).toMatch(says);
      expect(result.stderr).toContain(`(${code})`);
      expect(Buffer.compare(flashOf(fixture), before)).toBe(0);
      await fixture.waitFor(">>> ");
    }),
  );
});
