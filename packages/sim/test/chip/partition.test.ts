import { encodeOtaData, readLittlefs } from "@espx/image";
import { describe, expect, it } from "vitest";
import { chipModels } from "../../src/chip/chip-model.ts";
import { makeApplication } from "../../src/chip/virtual-firmware.ts";
import { outputOf, programText, startBoard } from "../board-fixture.ts";

const otaSlot1 = 0x190000;
const otaData = 0xd000;
const { esp32 } = chipModels;

describe("esp32.Partition", () => {
  it("finds partitions by type, subtype and label, the file system among them", async () => {
    const text = await outputOf(
      "from esp32 import Partition as P\n" +
        "print([p.info() for p in P.find(P.TYPE_APP)])\n" +
        "print([p.info()[4] for p in P.find(P.TYPE_DATA)], P.find(P.TYPE_DATA, label='vfs')[0])\n" +
        "print(P(P.RUNNING).info()[4], P(P.BOOT).info()[4], P('nvs').info()[2], P.find(1, 2)[0].info()[4])\n" +
        "try:\n    P('none')\nexcept OSError as e:\n    print(e.errno)\n",
    );
    expect(text.split("\r\n")).toEqual([
      "[(0, 0, 65536, 2031616, 'factory', False)]",
      "['nvs', 'phy_init', 'vfs'] <Partition type=1, subtype=129, address=2097152, size=2097152, label=vfs, encrypted=0>",
      "factory factory 36864 nvs",
      "2",
      "",
    ]);
  });

  it("reads and writes blocks; what is not erased keeps its zeros", async () => {
    await using fixture = await startBoard({
      layout: "ota",
      main:
        "from esp32 import Partition as P\np = P('ota_1')\nb = bytearray(8)\n" +
        "p.writeblocks(0, bytes([0xf0]) * 4096)\np.readblocks(0, b, 4092 - 4096 + 4096 - 4092)\nprint(b[0], p.ioctl(4, 0), p.ioctl(5, 0))\n" +
        "p.writeblocks(0, b'\\x3c', 1)\np.readblocks(0, b)\nprint(list(b[:3]))\n" +
        "p.ioctl(6, 0)\np.readblocks(0, b)\nprint(list(b[:3]))\np.writeblocks(1, b'kept', 100)\n" +
        "for f in (lambda: p.writeblocks(0, b'abc'), lambda: p.readblocks(400, b)):\n    try:\n        f()\n    except OSError as e:\n        print(e.errno)\n",
    });
    expect(programText(fixture.take()).split("\r\n")).toEqual([
      "240 384 4096",
      "[240, 48, 240]",
      "[255, 255, 255]",
      "-260",
      "-258",
      "",
    ]);
    const kept = fixture.board.chip.flash.read(otaSlot1 + 4096 + 100, 4);
    expect(new TextDecoder().decode(kept)).toBe("kept");
  });

  it("shows the files of the running program as littlefs", async () => {
    await using fixture = await startBoard({
      main:
        "from esp32 import Partition as P\nopen('new.txt', 'w').write('hello')\nopen('new.txt').read()\n" +
        "import gc; gc.collect()\nf = open('made.txt', 'w'); f.write('x' * 300); f.close()\n" +
        "v = P.find(P.TYPE_DATA, label='vfs')[0]\nb = bytearray(4096)\nv.readblocks(0, b)\nprint(bytes(b[8:16]), b'made.txt' in b)\n",
    });
    expect(programText(fixture.take())).toBe("b'littlefs' True\r\n");
    const { entries } = readLittlefs(fixture.board.chip.flash.read(0x200000, 0x200000));
    expect(entries.map(({ path }) => path)).toContain("/made.txt");
  });
});

describe("two slots", () => {
  const main =
    "import os, sys\nfrom esp32 import Partition as P\nprint('running', P(P.RUNNING).info()[4], os.uname().release, sys.implementation.version[1])\n";
  const update = "P(P.RUNNING).get_next_update().set_boot()\r";

  it("start the update, take it back when nobody confirms it, and keep it when somebody does", async () => {
    await using fixture = await startBoard({ layout: "ota", main });
    expect(fixture.take()).toContain("running ota_0 1.27.0 27");
    fixture.board.chip.flash.replace(otaSlot1, makeApplication(esp32, { version: "1.30.2" }));
    await fixture.board.reset();
    fixture.take();
    await fixture.ask(update);
    expect(await fixture.ask("import machine; machine.reset()\r", 100)).toContain("running ota_1 1.30.2 30");
    expect(await fixture.ask("machine.reset()\r" + "import machine; machine.reset()\r", 100)).toContain(
      "running ota_0",
    );
    await fixture.ask(update);
    expect(await fixture.ask("import machine; machine.reset()\r", 100)).toContain("running ota_1");
    expect(await fixture.ask("P.mark_app_valid_cancel_rollback()\r")).not.toContain("Error");
    expect(await fixture.ask("import machine; machine.reset()\r", 100)).toContain("running ota_1");
    expect(await fixture.ask("sys.version\r")).toContain("v1.30.2");
  });

  it("refuse a slot that holds no valid application for the chip", async () => {
    await using fixture = await startBoard({ layout: "ota", main });
    expect(await fixture.ask(update)).toContain("OSError: (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')");
    const { flash } = fixture.board.chip;
    flash.replace(otaSlot1, makeApplication(chipModels.esp32c3));
    await fixture.board.reset();
    expect(await fixture.ask(update)).toContain("ESP_ERR_OTA_VALIDATE_FAILED");
    const broken = makeApplication(esp32);
    broken[900_000] = (broken[900_000] as number) ^ 1;
    flash.replace(otaSlot1, broken);
    await fixture.board.reset();
    expect(await fixture.ask(update)).toContain("ESP_ERR_OTA_VALIDATE_FAILED");
  });

  it("go back from an update that crashes before it could be confirmed", async () => {
    await using fixture = await startBoard({ layout: "ota", main });
    fixture.board.chip.flash.replace(otaSlot1, makeApplication(esp32, { behaviour: "crashes" }));
    await fixture.board.reset();
    await fixture.ask(update);
    fixture.take();
    await fixture.ask("import machine; machine.reset()\r", 2000);
    const text = fixture.take() + (await fixture.ask("\r"));
    expect(text).not.toContain("running ota_1");
    expect(fixture.board.running).toBe(true);
    expect(await fixture.ask("P(P.RUNNING)\r")).toContain("label=ota_0");
  });

  it("know nothing to confirm without records, or without a partition for them", async () => {
    expect(
      await outputOf(
        "from esp32 import Partition as P\ntry:\n    P.mark_app_valid_cancel_rollback()\nexcept OSError as e:\n    print(e)\n",
      ),
    ).toContain("-261");
    await using fixture = await startBoard({ layout: "ota", main });
    expect(await fixture.ask("P.mark_app_valid_cancel_rollback()\r")).toContain("(-1, 'ESP_FAIL')");
    const records = encodeOtaData([{ sequence: 1, state: "valid" }, null]);
    fixture.board.chip.flash.replace(otaData, records);
    await fixture.board.reset();
    expect(await fixture.ask("P.mark_app_valid_cancel_rollback()\r")).not.toContain("Error");
  });
});
