import { describe, expect, it } from "vitest";
import { outputOf, programText, startBoard } from "./board-fixture.ts";

describe("a boot", () => {
  it("runs boot.py, then main.py, then the prompt", async () => {
    await using fixture = await startBoard({ files: { "boot.py": "print('boot')\n" }, main: "print('main')\n" });
    expect(programText(fixture.take())).toBe("boot\r\nmain\r\n");
  });

  it("shows what a program raised and leaves main.py out after a broken boot.py", async () => {
    await using fixture = await startBoard({ files: { "boot.py": "nope\n" }, main: "print('main')\n" });
    expect(programText(fixture.take())).toBe(
      "Traceback (most recent call last):\r\n  File \"boot.py\", line 1, in <module>\r\nNameError: name 'nope' isn't defined\r\n",
    );
  });

  it("leaves names of boot.py and main.py to the prompt", async () => {
    await using fixture = await startBoard({ files: { "boot.py": "a = 1\n" }, main: "b = a + 1\n" });
    fixture.take();
    expect(await fixture.ask("a, b\r")).toContain("(1, 2)");
  });

  it("starts with an empty namespace and the chip's modules and paths", async () => {
    const text = await outputOf(
      "import sys\nprint(sorted(globals()))\nprint(sys.path, sys.platform, sys.implementation[0])\n",
    );
    expect(text).toBe("['__name__', 'sys']\r\n['', '.frozen', '/lib'] esp32 micropython\r\n");
  });

  it("tells who the board is", async () => {
    const text = await outputOf(
      "import os, sys, machine, binascii\n" +
        "print(os.uname()[0], os.uname().release, os.uname()[4])\n" +
        "print(sys.implementation._machine, sys.implementation._mpy & 0xff)\n" +
        "print(binascii.hexlify(machine.unique_id()).decode())\n",
      { mac: Uint8Array.of(0x24, 0x0a, 0xc4, 1, 2, 3) },
    );
    expect(text).toBe(
      "esp32 1.27.0 Generic ESP32 module with ESP32\r\nGeneric ESP32 module with ESP32 6\r\n240ac4010203\r\n",
    );
  });

  it("imports a module from the flash, also as a package", async () => {
    const text = await outputOf("import helper\nfrom lib.deep import value\nprint(helper.name, value)\n", {
      files: { "lib/helper.py": "name = __name__\n", "lib/deep.py": "value = 7\n" },
    });
    expect(text).toBe("helper 7\r\n");
  });

  it("comes up within a second of real time", async () => {
    let fastestMs = Infinity;
    // A busy machine may hold one of them up.
    for (let boot = 0; boot < 3; boot++) {
      const started = performance.now();
      await using fixture = await startBoard({ mode: "real", main: "print('up')" });
      await fixture.waitFor("up");
      fastestMs = Math.min(fastestMs, performance.now() - started);
    }
    expect(fastestMs).toBeLessThan(1000);
  });
});
