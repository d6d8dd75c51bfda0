import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeEspImage, encodePartitionTable, makeLittlefs, readLittlefs } from "@espx/image";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SeededRandom } from "../../../../testsuite/fuzz/seeded-random.ts";
import { has } from "../../../../testsuite/programs.ts";
import { pythonWith } from "../../../../testsuite/python.ts";
import { type ChipName, chipModels } from "../../src/chip/chip-model.ts";
import { layoutTable } from "../../src/chip/flash-layout.ts";
import { makeApplication, makeBootloader, md5, sha256 } from "../../src/chip/virtual-firmware.ts";
import { ChipFixture, type Outcome, PseudoTerminal, runEsptool } from "./chip-fixture.ts";

const python = pythonWith("esptool");
const isPossible = process.platform !== "win32" && python !== undefined && has("socat");
const flashBytes = 4 * 1024 * 1024;
const encoder = new TextEncoder();

describe.skipIf(!isPossible).each(Object.keys(chipModels) as ChipName[])(
  "unmodified esptool on a pseudo-terminal of %s (needs esptool, socat)",
  { timeout: 120_000 },
  (name) => {
    const model = chipModels[name];
    const mac = Uint8Array.of(0x24, 0x0a, 0xc4, 0xc0, 0xdb, 0x03);
    let fixture: ChipFixture;
    let terminal: PseudoTerminal;
    const file = (title: string): string => join(terminal.folder, title);
    const save = (title: string, bytes: Uint8Array): string => {
      writeFileSync(file(title), bytes);
      return file(title);
    };
    const common = (): string[] => ["--port", terminal.path, "--before", "no-reset", "--after", "no-reset"];
    const esptool = (...args: readonly string[]): Promise<Outcome> =>
      runEsptool(python as string, [...common(), ...args]);
    const succeed = async (...args: readonly string[]): Promise<string> => {
      const { code, text } = await esptool(...args);
      expect(text, args.join(" ")).not.toMatch(/fatal/i);
      expect(code, text).toBe(0);
      return text;
    };
    const random = new SeededRandom(model.imageChipId + 1);
    const content = Buffer.concat([random.bytes(20_000), new Uint8Array(30_001).fill(0xc0), random.bytes(10_000)]);

    beforeAll(async () => {
      fixture = await ChipFixture.start({ chip: name, mac, blank: true });
      terminal = await PseudoTerminal.open(fixture.board);
      await fixture.enterDownload();
    });
    afterAll(async () => {
      await terminal?.[Symbol.asyncDispose]();
      await fixture?.[Symbol.asyncDispose]();
    });

    test("the ROM says that it waits, in the chip's words", () => {
      expect(fixture.take()).toContain(
        `rst:0x1 (POWERON${name === "esp32" ? "_RESET" : ""}),${model.bootModes.download}\r\nwaiting for download\r\n`,
      );
    });

    test.each([["stub"], ["--no-stub"]])("tells chip, address and flash (%s)", async (mode) => {
      const flags = mode === "stub" ? [] : [mode];
      const chip = await succeed(...flags, "chip-id");
      expect(chip).toContain(`Detecting chip type... ${model.title}`);
      expect(chip).toContain(`revision v${model.revision.join(".")}`);
      expect(chip).toContain("Crystal frequency:  40MHz");
      expect(chip.includes("Stub flasher running")).toBe(mode === "stub");
      expect(await succeed(...flags, "read-mac")).toContain("MAC:                24:0a:c4:c0:db:03");
      const flash = await succeed(...flags, "flash-id");
      expect(flash).toContain("Manufacturer: c8");
      expect(flash).toContain("Detected flash size: 4MB");
      await fixture.enterDownload();
    });

    test("writes, verifies, reads and erases by the ROM alone", async () => {
      const source = save("rom.bin", content.subarray(0, 20_000));
      expect(await succeed("--no-stub", "write-flash", "0x20000", source)).toContain("Hash of data verified");
      expect(await succeed("--no-stub", "verify-flash", "0x20000", source)).toContain("Verification successful");
      await succeed("--no-stub", "read-flash", "0x20000", "2048", file("rom-back.bin"));
      expect(readFileSync(file("rom-back.bin")).equals(content.subarray(0, 2048))).toBe(true);
      await fixture.enterDownload();
    });

    test("writes, verifies, reads and erases by the stub, at another baud rate", async () => {
      const source = save("stub.bin", content);
      const written = await succeed("--baud", "460800", "write-flash", "0x100000", source);
      expect(written).toContain("Changing baud rate to 460800");
      expect(written).toContain("Hash of data verified");
      await succeed("write-flash", "--no-compress", "0x200010", source);
      expect(await succeed("verify-flash", "0x200010", source)).toContain("Verification successful");
      await succeed("read-flash", "0x100000", String(content.length), file("stub-back.bin"));
      expect(readFileSync(file("stub-back.bin")).equals(content)).toBe(true);
      await succeed("erase-region", "0x101000", "0x2000");
      await succeed("read-flash", "0x100000", "0x4000", file("erased.bin"));
      const expected = Buffer.from(content.subarray(0, 0x4000)).fill(0xff, 0x1000, 0x3000);
      expect(readFileSync(file("erased.bin")).equals(expected)).toBe(true);
      expect((await esptool("verify-flash", "0x100000", source)).text).toContain("Verification failed");
      await succeed("erase-flash");
      expect(fixture.board.chip.flash.read(0, flashBytes).every((byte) => byte === 0xff)).toBe(true);
    });

    test("writes a whole system, which then boots; what is read back is what image-info takes for it", async () => {
      const application = makeApplication(model, { version: "1.30.1" });
      const files = makeLittlefs(
        [{ kind: "file", path: "/main.py", data: encoder.encode("print('from', 'flash')\n") }],
        {
          sizeBytes: 0x200000,
        },
      );
      const keep = ["--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"];
      const table = encodePartitionTable(layoutTable("default", flashBytes), md5);
      const parts = [
        [model.bootloaderOffset, save("bootloader.bin", makeBootloader(model))],
        [0x8000, save("table.bin", table)],
        [0x10000, save("application.bin", application)],
        [0x200000, save("vfs.bin", files)],
      ] as const;
      await succeed("write-flash", ...keep, ...parts.flatMap(([offset, path]) => [String(offset), path]));
      fixture.take();
      await fixture.startFlash();
      const text = await fixture.waitFor("from flash");
      expect(text).toContain(model.bootModes.flash);
      await fixture.waitFor(">>> ");
      await fixture.enterDownload();
      await succeed("read-flash", "0x10000", String(application.length), file("back.bin"));
      expect(readFileSync(file("back.bin")).equals(application)).toBe(true);
      const { text: info } = await runEsptool(python as string, ["image-info", file("back.bin")]);
      expect(info).toMatch(/Checksum: 0x[0-9a-f]+ \(valid\)/);
      expect(info).toMatch(/Validation hash: [0-9a-f]+ \(valid\)/);
      expect(info).toContain("App version: v1.30.1");
      expect(info).toContain("Project name: micropython");
      // Nobody wrote a file meanwhile: the bytes are those that were written, not others for the same files.
      await succeed("verify-flash", "0x200000", file("vfs.bin"));
    });

    test("reads the files that a program wrote out of the file system's partition", async () => {
      await fixture.startFlash();
      await fixture.waitFor(">>> ");
      fixture.board.flash.write("/lib/new.py", "x = 1\n");
      await fixture.enterDownload();
      await succeed("read-flash", "0x200000", "0x200000", file("vfs-back.bin"));
      const { entries } = readLittlefs(readFileSync(file("vfs-back.bin")));
      expect(entries.map(({ path }) => path).sort()).toEqual(["/lib", "/lib/new.py", "/main.py"]);
    });

    test("leaves a board without files after an erase of its file system", async () => {
      await succeed("erase-region", "0x200000", "0x200000");
      await fixture.startFlash();
      await fixture.waitFor(">>> ");
      expect(fixture.board.flash.files().size).toBe(0);
    });
  },
);

describe.each(Object.keys(chipModels) as ChipName[])("the virtual firmware of %s", (name) => {
  test("is a valid image that deflates as code does", async () => {
    const { deflateSync } = await import("node:zlib");
    const application = makeApplication(chipModels[name]);
    expect(application.length).toBeGreaterThan(1_490_000);
    expect(application.length).toBeLessThan(0x180000);
    const ratio = deflateSync(application, { level: 9 }).length / application.length;
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(0.65);
    expect(decodeEspImage(application, { sha256 }).header.chipId).toBe(chipModels[name].imageChipId);
    expect(createHash("sha256").update(makeApplication(chipModels[name])).digest("hex")).toBe(
      createHash("sha256").update(application).digest("hex"),
    );
  });
});
