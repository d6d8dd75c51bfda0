import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { has } from "../../../testsuite/programs.ts";
import { pythonWith } from "../../../testsuite/python.ts";
import { chipModels } from "../../sim/src/chip/chip-model.ts";
import { firmwareFile, firmwareParts } from "./_firmware.ts";
import { eventsOf } from "./_run.ts";
import { type SimBoards, startSimBoards } from "./_sim-boards.ts";

const FLASH_BYTES = 4 * 1024 * 1024;
const port = ["--port", "sim:shed"];
let boards: SimBoards;
const path = (name: string): string => join(boards.folder, name);
const contentOf = (name: string): Buffer => readFileSync(path(name));

/** What a verb on the shed printed; fails the test when it did not end well. */
async function ok(...argv: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await boards.espx([...argv, ...port]);
  expect([code, stderr], argv.join(" ")).toEqual([0, expect.any(String)]);
  return { stdout, stderr };
}

describe("a board that runs", () => {
  beforeAll(async () => {
    boards = await startSimBoards(["shed"]);
    boards.board("shed").flash.write("/notes.txt", "precious");
  });
  afterAll(() => boards[Symbol.asyncDispose]());

  test("espx chip says what it is and holds, that asking resets it, and remembers where it was", async () => {
    const { stdout, stderr } = await ok("chip");
    expect(stderr).toContain("the board at sim:shed is reset for this; its program starts anew afterwards\n");
    const mac = [...boards.board("shed").mac].map((byte) => byte.toString(16).padStart(2, "0"));
    expect(stdout).toBe(
      [
        "sim:shed: ESP32-D0WD-V3 (revision 3)",
        "  features  Wi-Fi, BT, Dual Core, 240MHz, Coding Scheme None",
        "  crystal   40 MHz",
        `  address   ${mac.join(":")}`,
        "  flash     4.00 MB, id 0x1640c8",
        "  locks     none",
        "  holds     micropython v1.27.0 (factory)",
        "  updates   firmware cannot come over the air: it needs two application slots, and there are none",
        "",
      ].join("\n"),
    );
    expect(JSON.parse(readFileSync(path("state/ports.json"), "utf8"))).toEqual({ [mac.join("")]: "sim:shed" });
  });

  test("the board starts its program again afterwards", async () => {
    await ok("read-mac");
    const { stdout } = await ok("exec", "print(6 * 7)");
    expect(stdout).toBe("42\n");
  });

  test("flash-id and read-mac print what esptool prints", async () => {
    expect((await ok("flash-id")).stdout).toBe("manufacturer c8, device 4016, size 4MB\n");
    expect((await ok("read-mac")).stdout).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}\n$/);
  });

  test("another chip than --chip, and another board than the device that was named, are refused before anything is done", async () => {
    const other = await boards.espx(["chip", "--chip", "esp32c3", ...port]);
    expect([other.code, other.stderr]).toEqual([10, expect.stringContaining("(flash/wrong-chip)")]);
    writeFileSync(path("espx.yaml"), "devices: {kitchen: {id: 240ac4ffffff, port: sim:shed}}\n");
    const wrong = await boards.espx(["erase-flash", "--yes", "--device", "kitchen"]);
    expect([wrong.code, wrong.stderr]).toEqual([10, expect.stringContaining("(cli/wrong-board)")]);
    expect(boards.board("shed").flash.files().has("/notes.txt")).toBe(true);
  });

  test("espx partitions --port shows the table, what is in it, and MicroPython's vfs behind it", async () => {
    const { stdout } = await ok("partitions");
    expect(stdout).toBe(
      [
        "name      type  subtype    offset      size           flags  content",
        "nvs       data  nvs        0x9000    0x6000  24.0 KB",
        "phy_init  data  phy        0xf000    0x1000   4.0 KB",
        "factory   app   factory   0x10000  0x1f0000  1.94 MB         micropython v1.27.0",
        "vfs       data  fat      0x200000  0x200000  2.00 MB",
        "firmware cannot come over the air: it needs two application slots, and there are none",
        "",
      ].join("\n"),
    );
  });

  test("a backup is for its owner alone, says so, and holds the board's flash", async () => {
    const { stdout } = await ok("backup", "shed.bin");
    expect(stdout).toBe("shed.bin  4.00 MB; it may hold secrets, and only you can read it\n");
    expect(statSync(path("shed.bin")).mode & 0o777).toBe(0o600);
    expect(contentOf("shed.bin").includes("precious")).toBe(true);
    const again = await boards.espx(["backup", "shed.bin", ...port]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("shed.bin is there already; replace it?")]);
  });

  test("what was erased comes back from a backup, and only what is missing is written", async () => {
    const before = contentOf("shed.bin");
    await ok("partitions", "erase", "vfs", "--yes");
    await ok("erase-region", "0x10000", "64K", "--yes", "--after", "no-reset");
    const result = await boards.espx(["restore", "shed.bin", "--yes", "--json", ...port]);
    expect(result.code, result.stdout).toBe(0);
    const region = eventsOf(result).find(({ kind }) => kind === "region")?.data as unknown as {
      unchangedBytes: number;
    };
    expect(region.unchangedBytes).toBeGreaterThan(FLASH_BYTES - 0x200000);
    await ok("read-flash", "0", "ALL", "again.bin");
    expect(Buffer.compare(contentOf("again.bin").subarray(0, 0x200000), before.subarray(0, 0x200000))).toBe(0);
    expect(boards.board("shed").flash.files().has("/notes.txt")).toBe(true);
  });

  const refused: readonly (readonly [string, readonly string[]])[] = [
    ["erase-flash", ["erase-flash"]],
    ["erase-region", ["erase-region", "0x9000", "0x1000"]],
    ["partitions erase", ["partitions", "erase", "vfs"]],
    ["partitions write", ["partitions", "write", "factory", "app.bin"]],
    ["restore", ["restore", "shed.bin"]],
    ["write-flash --erase-all", ["write-flash", "-e", "0x10000", "app.bin"]],
  ];
  test.each(refused)("%s without a yes changes nothing: exit 2", async (_, argv) => {
    writeFileSync(path("app.bin"), firmwareParts("esp32", { version: "1.30.0" }).application);
    const { code, stderr } = await boards.espx([...argv, ...port]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("(cli/answer-needed)")]);
    expect(boards.board("shed").flash.files().has("/notes.txt")).toBe(true);
  });

  test.each(refused.filter(([name]) => name !== "write-flash --erase-all"))(
    "%s --dry-run changes nothing",
    async (_, argv) => {
      await ok(...argv, "--dry-run");
      expect(boards.board("shed").flash.files().has("/notes.txt")).toBe(true);
    },
  );

  test("an application goes into a partition by its name, and the board starts it", async () => {
    const { stdout } = await ok("partitions", "write", "factory", "app.bin", "--yes");
    expect(stdout).toMatch(/^sim:shed: written factory, 117\.6 KB at 0x10000/);
    expect((await ok("partitions")).stdout).toContain("micropython v1.30.0");
    expect((await ok("exec", "import sys; print(sys.implementation.version)")).stdout).toContain("(1, 30, 0");
  });

  const wrong: readonly (readonly [string, readonly string[], number, string])[] = [
    ["a partition that is not there", ["partitions", "erase", "nvx", "--yes"], 4, 'the board has no partition "nvx"'],
    [
      "an application for another chip",
      ["partitions", "write", "factory", "c3.bin", "--yes"],
      10,
      "c3.bin is made for esp32c3",
    ],
    ["a file that is larger than its partition", ["partitions", "write", "nvs", "app.bin", "--yes"], 10, "app.bin"],
    [
      "a backup that is a firmware",
      ["restore", "firmware.bin", "--yes"],
      10,
      "firmware.bin is no backup of a board's flash: it begins at 0x1000 of flash",
    ],
    ["a backup that is nothing", ["restore", "espx.yaml", "--yes"], 10, "espx.yaml is no backup of a board's flash"],
    [
      "a region off the sectors",
      ["erase-region", "0x9001", "0x1000", "--yes"],
      2,
      "the address must be a multiple of 0x1000, got 0x9001",
    ],
    [
      "a region without a size",
      ["erase-region", "0x9000", "0", "--yes"],
      2,
      "the size must be a multiple of 0x1000, got 0x0",
    ],
    ["a region behind the end", ["erase-region", "4MB", "0x1000", "--yes"], 10, "the flash has 4 MiB"],
    [
      "reading behind the end",
      ["read-flash", "0x400000", "ALL", "x.bin"],
      10,
      "0x400000 is behind the end of flash at 0x400000",
    ],
    [
      "reading past the end",
      ["read-flash", "0x3ff000", "0x2000", "x.bin"],
      10,
      "0x401000 is behind the end of flash at 0x400000",
    ],
    ["reading nothing", ["read-flash", "0x0", "0", "x.bin"], 2, "the size is 0, expected at least one byte"],
    ["comparing past the end", ["verify-flash", "0x3ff000", "app.bin"], 10, "is behind the end of flash at 0x400000"],
    ["a file that differs", ["verify-flash", "0x8000", "app.bin"], 7, "app.bin differs from 0x8000 on"],
    [
      "a file and a board",
      ["partitions", "firmware.bin"],
      2,
      "firmware.bin and a board are named, expected one of them",
    ],
  ];
  test.each(wrong)("%s is refused", async (_, argv, exit, message) => {
    writeFileSync(path("c3.bin"), firmwareParts("esp32c3").application);
    writeFileSync(path("firmware.bin"), firmwareFile("esp32"));
    const { code, stderr } = await boards.espx([...argv, ...port]);
    expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  });

  test("erase-flash leaves nothing, restore brings all back", async () => {
    const { stdout } = await ok("erase-flash", "--yes");
    expect(stdout).toMatch(/^sim:shed: erased 4\.00 MB at 0x0, in /);
    const none = await boards.espx(["partitions", ...port]);
    expect([none.code, none.stderr]).toEqual([4, expect.stringContaining("the board has no partition table")]);
    await ok("restore", "shed.bin", "--yes");
    expect((await ok("exec", "print(open('/notes.txt').read())")).stdout).toBe("precious\n");
  });
});

const canPeer = process.platform !== "win32" && pythonWith("esptool") !== undefined && has("socat");
describe.skipIf(!canPeer).each(["esp32", "esp32s3", "esp32c3"] as const)(
  "beside esptool, on a virtual %s (needs esptool, socat)",
  { timeout: 120_000 },
  (chip) => {
    const model = chipModels[chip];
    beforeAll(async () => {
      boards = await startSimBoards(["shed"], { chip, pty: true, blank: true });
      const { bootLoader, table, application } = firmwareParts(chip);
      writeFileSync(path("boot.bin"), bootLoader);
      writeFileSync(path("table.bin"), table);
      writeFileSync(path("app.bin"), application);
    });
    afterAll(() => boards[Symbol.asyncDispose]());

    const files = [`0x${model.bootloaderOffset.toString(16)}`, "boot.bin", "0x8000", "table.bin", "0x10000", "app.bin"];

    test("what espx writes, esptool reads and verifies, to the byte", async () => {
      await ok("write-flash", ...files);
      const verified = await boards.esptool("shed", "verify-flash", ...files);
      expect([verified.code, verified.text]).toEqual([0, expect.stringContaining("Verification successful")]);
      const read = await boards.esptool("shed", "read-flash", "0", "0x20000", "theirs.bin");
      expect(read.code, read.text).toBe(0);
      await ok("read-flash", "0", "0x20000", "ours.bin");
      expect(Buffer.compare(contentOf("ours.bin"), contentOf("theirs.bin"))).toBe(0);
    });

    test("what esptool writes, espx verifies and reads, to the byte", async () => {
      const data = Buffer.from(Array.from({ length: 70_001 }, (_, index) => (index * 7919) % 251));
      writeFileSync(path("data.bin"), data);
      const { code, text } = await boards.esptool("shed", "write-flash", "0x300000", "data.bin");
      expect(code, text).toBe(0);
      await ok("verify-flash", "0x300000", "data.bin");
      await ok("read-flash", "0x300000", String(data.length), "back.bin");
      expect(Buffer.compare(contentOf("back.bin"), data)).toBe(0);
    });

    test("flash-id and read-mac agree with esptool's", async () => {
      const flash = await boards.esptool("shed", "flash-id");
      const [, maker, device, size] =
        /Manufacturer: (\w+)\s+Device: (\w+)\s+Detected flash size: (\w+)/.exec(flash.text) ?? [];
      expect((await ok("flash-id")).stdout).toBe(`manufacturer ${maker}, device ${device}, size ${size}\n`);
      const [, mac] = /MAC: +(\S+)/.exec((await boards.esptool("shed", "read-mac")).text) ?? [];
      expect((await ok("read-mac")).stdout).toBe(`${mac}\n`);
    });
  },
);
