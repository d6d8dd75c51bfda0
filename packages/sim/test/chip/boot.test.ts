import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeAppDescription, encodeEspImage, encodeNvs, imageHeader, makeLittlefs } from "@espx/image";
import { describe, expect, it } from "vitest";
import { type ChipName, chipModels } from "../../src/chip/chip-model.ts";
import { makeApplication, sha256 } from "../../src/chip/virtual-firmware.ts";
import { createWorld } from "../../src/world.ts";
import { programText, startBoard } from "../board-fixture.ts";

const application = 0x10000;
const vfs = 0x200000;
const vfsBytes = 0x200000;
const encoder = new TextEncoder();

describe("a start from flash", () => {
  it.each(Object.keys(chipModels) as ChipName[])("of a blank %s loops with the ROM's message", async (chip) => {
    await using fixture = await startBoard({ chip, blank: true });
    await fixture.world.advance(1000);
    const text = fixture.take();
    expect(text.split("invalid header: 0xffffffff\r\n").length - 1).toBe(3 * 8);
    expect(text).toContain(chipModels[chip].romBanner);
    expect(text).toMatch(/rst:0x1 \(POWERON(_RESET)?\)/);
    expect(text).toMatch(/rst:0x10 \(RTCWDT_RTC_(RESET|RST)\)/);
    expect(fixture.board.running).toBe(false);
    await fixture.board.powerOff();
    fixture.take();
    await fixture.world.advance(1000);
    expect(fixture.take()).toBe("");
  });

  it("loops likewise in real time, until power goes", async () => {
    await using fixture = await startBoard({ mode: "real", blank: true });
    await fixture.waitFor("RTCWDT_RTC_RESET");
    await fixture.board.powerOff();
    fixture.take();
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(fixture.take()).toBe("");
  });

  it.each([
    { what: "boot loader", at: 0x1000 + 24 + 100, says: "csum err" },
    { what: "partition table", at: 0x8000, says: "load partition table error!" },
    { what: "application", at: application + 700_000, says: "No bootable app partitions in the partition table" },
  ])("with a broken $what starts over and over", async ({ at, says }) => {
    await using fixture = await startBoard();
    fixture.board.chip.flash.program(at, new Uint8Array(64));
    await fixture.board.reset();
    fixture.take();
    await fixture.world.advance(900);
    const text = fixture.take();
    expect(text.split(says).length).toBeGreaterThan(2);
    expect(text).not.toContain("MicroPython");
  });

  it("runs a real MicroPython's place on the virtual interpreter, and says so; other applications not", async () => {
    const real = (projectName: string): Uint8Array => {
      const description = encodeAppDescription({
        secureVersion: 0,
        version: "v1.26.1",
        projectName,
        time: "",
        date: "",
        idfVersion: "v5.4.2",
        elfSha256: "",
        minEfuseBlockRevision: 0,
        maxEfuseBlockRevision: 99,
        mmuPageSizeLog2: 0,
      });
      return encodeEspImage(
        { header: imageHeader({}), segments: [{ address: 0x3f400020, data: description }] },
        sha256,
      );
    };
    await using fixture = await startBoard({ main: "import os\nprint(os.uname().release)\n" });
    fixture.board.chip.flash.replace(application, real("micropython"));
    fixture.take();
    await fixture.board.reset();
    const text = fixture.take();
    expect(text).toContain("the virtual interpreter stands in for MicroPython v1.26.1\r\n1.26.1\r\n");
    fixture.board.chip.flash.replace(application, real("blink"));
    await fixture.board.reset();
    await fixture.world.advance(10_000);
    expect(fixture.take().match(/unsupported image/g)).toHaveLength(1);
  });

  it("tells version, chip and absent modules of the firmware it comes with", async () => {
    await using fixture = await startBoard({
      chip: "esp32s3",
      firmware: { version: "1.31.4", absentModules: ["network"] },
      main: "import os, sys\nprint(os.uname()[2], os.uname()[4])\nprint(sys.implementation[1][:3], sys.implementation._build, sys.version[-28:])\nprint(sorted(globals()))\nimport network\n",
    });
    const text = programText(fixture.take().replace(/^ESP-ROM[^]*?entry \w+\r\n/, ""));
    expect(text).toContain("1.31.4 Generic ESP32S3 module with ESP32S3\r\n(1, 31, 4) ESP32_GENERIC_S3");
    expect(text).toContain("['__name__', 'os', 'sys']");
    expect(text).toContain("ImportError: no module named 'network'");
    expect(await fixture.ask("\x04")).toContain("MPY: soft reboot");
    expect(await fixture.ask("\x02")).toContain("MicroPython v1.31.4 on");
  });

  it("of an application that crashes shows it again and again, of one that hangs nothing", async () => {
    await using crashing = await startBoard({ firmware: { behaviour: "crashes" } });
    await crashing.world.advance(1000);
    expect(crashing.take().match(/Guru Meditation/g)).toHaveLength(4);
    await using hanging = await startBoard({ firmware: { behaviour: "hangs" } });
    await hanging.world.advance(10_000);
    expect(hanging.take()).toMatch(/entry 0x400805cc\r\n$/);
  });
});

describe("the partitions of files and NVS", () => {
  it("are what was written there, at the next start", async () => {
    await using fixture = await startBoard({
      main: "print('old')\n",
    });
    await fixture.ask("import esp32; n = esp32.NVS('a'); n.set_i32('x', 5); n.commit()\r");
    const { flash } = fixture.board.chip;
    const file = { kind: "file", path: "/main.py", data: encoder.encode("import esp32\nprint('new')\n") } as const;
    flash.replace(vfs, makeLittlefs([file], { sizeBytes: vfsBytes }));
    const values = [
      { namespace: "b", key: "y", type: "i32", value: -7 },
      { namespace: "phy", key: "cal", type: "u8", value: 9 },
    ] as const;
    flash.replace(0x9000, encodeNvs(values, 0x6000));
    const before = flash.read(0, flash.sizeBytes);
    await fixture.board.reset();
    expect(programText(fixture.take())).toContain("new\r\n");
    expect([...fixture.board.flash.files().keys()]).toEqual(["/main.py"]);
    expect(await fixture.ask("esp32.NVS('b').get_i32('y')\r")).toContain("-7");
    expect(await fixture.ask("esp32.NVS('a').get_i32('x')\r")).toContain("ESP_ERR_NVS_NOT_FOUND");
    expect(Buffer.compare(flash.read(0, flash.sizeBytes), before)).toBe(0);
    await fixture.ask("m = esp32.NVS('b'); m.set_i32('z', 1); m.commit()\r");
    const nvs = flash.read(0x9000, 0x6000);
    expect(Buffer.compare(nvs, before.subarray(0x9000, 0xf000))).not.toBe(0);
    // The firmware's own values are kept beside those that Python set.
    expect(Buffer.from(nvs).includes("cal")).toBe(true);
  });

  it("with bytes that no file system has stop the firmware, which says what to do", async () => {
    await using fixture = await startBoard({ files: { "a.txt": "a" } });
    fixture.board.chip.flash.replace(vfs, new Uint8Array(8192).fill(0x5a));
    await fixture.board.reset();
    expect(fixture.take()).toContain(
      "The filesystem starting at sector 512 with size 512 sectors appears to be corrupted.",
    );
    expect(fixture.board.running).toBe(false);
    fixture.board.chip.flash.erase(vfs, vfsBytes);
    await fixture.board.reset();
    expect(fixture.board.running).toBe(true);
    expect(fixture.board.flash.files().size).toBe(0);
  });

  it("are as large as the flash leaves room for, and move with the table", async () => {
    await using fixture = await startBoard({
      chipFlashBytes: 8 * 1024 * 1024,
      main: "import os, esp32\nprint(os.statvfs('/')[2], esp32.Partition('vfs').info()[3])\n",
    });
    expect(programText(fixture.take())).toBe("1536 6291456\r\n");
  });
});

describe("a board that is kept between runs", () => {
  it("has its chip's bytes, written firmware and what was not read back yet", async () => {
    const folder = mkdtempSync(join(tmpdir(), "espx-kept-"));
    const stateFile = join(folder, "board.flash");
    try {
      {
        await using fixture = await startBoard({ stateFile, chip: "esp32c3" });
        const { flash } = fixture.board.chip;
        flash.replace(application, makeApplication(chipModels.esp32c3, { version: "1.40.0" }));
        const main = { kind: "file", path: "/main.py", data: encoder.encode("print('kept')\n") } as const;
        flash.replace(vfs, makeLittlefs([main], { sizeBytes: vfsBytes }));
        fixture.board.flash.chipChanged();
      }
      await using world = await createWorld({ mode: "virtual" });
      const board = await world.addBoard({ name: "board", stateFile });
      let text = "";
      board.onEvent((event) => (text += event.kind === "console" ? Buffer.from(event.bytes).toString() : ""));
      await board.powerOn();
      expect(text).toContain("ESP-ROM:esp32c3");
      expect(text).toContain("kept\r\n");
      expect(text).toContain("MicroPython v1.40.0");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the pins that choose the boot mode", () => {
  it("are looked at when power comes and when EN rises, not at a reset by the program", async () => {
    await using fixture = await startBoard();
    fixture.board.setPin(0, 0);
    await fixture.world.advance(1);
    expect(await fixture.ask("import machine; machine.reset()\r", 100)).toContain("MicroPython");
    fixture.take();
    await fixture.board.reset();
    expect(fixture.take()).toContain("waiting for download");
    await fixture.board.powerOff();
    await fixture.board.powerOn();
    expect(fixture.take()).toContain("waiting for download");
    fixture.board.setPin(0, 1);
    await fixture.board.reset();
    expect(fixture.take()).toContain("MicroPython");
  });

  it("follow DTR and RTS through the two transistors", async () => {
    await using fixture = await startBoard();
    const { link } = fixture;
    fixture.take();
    await link.setSignals({ dtr: false, rts: true });
    await link.setSignals({ dtr: true, rts: false });
    await link.setSignals({ dtr: false, rts: false });
    await fixture.world.advance(1);
    expect(fixture.take()).toContain("waiting for download");
    await link.setSignals({ dtr: false, rts: true });
    await link.setSignals({ dtr: false, rts: false });
    await fixture.world.advance(1);
    expect(fixture.take()).toContain("MicroPython");
  });

  it("refuse chips and flash sizes that there are not", async () => {
    await using world = await createWorld({ mode: "virtual" });
    await expect(world.addBoard({ name: "a", chip: "esp99" })).rejects.toMatchObject({
      code: "sim/bad-chip",
    });
    await expect(world.addBoard({ name: "b", chipFlashBytes: 5_000_000 })).rejects.toMatchObject({
      code: "sim/bad-chip",
    });
  });
});
