import { describe, expect, it } from "vitest";
import { outputOf } from "./board-fixture.ts";

describe("the modules of the firmware", () => {
  it("have their old names, with a u, as well", async () => {
    const text = await outputOf(
      "import uos, utime, usys, usocket, uselect, uhashlib, ubinascii\nimport os, sys\n" +
        "print(uos is os, usys is sys, uos.uname().sysname, usys.platform, hasattr(utime, 'ticks_ms'), usocket.AF_INET)\n",
    );
    expect(text).toBe("True True esp32 esp32 True 2\r\n");
  });

  it("have what callbacks of interrupts are told to call first", async () => {
    const main = "import micropython\nprint(micropython.alloc_emergency_exception_buf(100))\n";
    expect(await outputOf(main)).toBe("None\r\n");
  });

  it("give files that came from outside no time before the chip's own", async () => {
    expect(await outputOf("import os\nprint(os.stat('/x')[7:])\n", { files: { x: "1" } })).toBe("(0, 0, 0)\r\n");
  });
});
