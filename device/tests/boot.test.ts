import { encodeSlotRecord } from "@espx/proto";
import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp, offlineConfig } from "./apps.ts";
import { closeWorlds, defaultRecord, makeDevice } from "./harness.ts";

afterEach(closeWorlds);

const config = offlineConfig;

describe("the running set", () => {
  it("has its slot, the slot's lib and then the stock entries on the path, and works in the slot", async () => {
    const device = await makeDevice({ config, app: `import os, sys\nprint("P", sys.path, os.getcwd())\n` });
    await device.powerOn(1000);
    expect(device.text).toMatch(/P \['\/a', '\/a\/lib', '', '\.frozen', '\/lib'\] \/a\r\n/);
  });

  it("may have modules of the launcher's names", async () => {
    const device = await makeDevice({
      config,
      app: "import slots\nprint('own', slots.OWN)\n",
      files: { "/a/slots.py": "OWN = 1" },
    });
    await device.powerOn(1000);
    expect(device.text).toContain("own 1");
  });

  it("is the one of the newest valid record", async () => {
    const device = await makeDevice({
      config,
      app: "print('I am a')",
      files: {
        "/b/main.py": "print('I am b')",
        "/state/slot1": encodeSlotRecord({ ...defaultRecord, count: 9, slot: "b" }),
      },
    });
    await device.powerOn(1000);
    expect(device.text).toContain("I am b");
    expect(device.text).not.toContain("I am a");
  });

  it("is the one of the newest valid record, whichever file that is", async () => {
    const device = await makeDevice({
      config,
      app: "print('I am a')",
      record: { count: 9 },
      files: {
        "/b/main.py": "print('I am b')",
        "/state/slot1": encodeSlotRecord({ ...defaultRecord, count: 8, slot: "b" }),
      },
    });
    await device.powerOn(1000);
    expect(device.text).toContain("I am a");
    expect(device.text).not.toContain("I am b");
  });

  it("is the one of the other record when one is damaged", async () => {
    const damaged = encodeSlotRecord({ ...defaultRecord, count: 9, slot: "b" });
    damaged[20] = 0xee;
    const device = await makeDevice({
      config,
      app: "print('I am a')",
      files: { "/b/main.py": "", "/state/slot1": damaged },
    });
    await device.powerOn(1000);
    expect(device.text).toContain("I am a");
  });

  it("is not written to by a start", async () => {
    const device = await makeDevice({ config, app: goodApp, components: ["log"] });
    await device.powerOn(20_000);
    expect(device.board.flash.journal).toEqual([]);
  });

  it("gets the config that its record names", async () => {
    const sha = "0123456789abcdef".repeat(4);
    const device = await makeDevice({
      components: [],
      app: app(`ctx.say(ctx.config.get("colour"))`),
      record: { config: sha },
      files: { "/config-01234567.txt": `${offlineConfig}colour deep blue\n` },
    });
    await device.powerOn(1000);
    expect(device.text).toContain("app: deep blue");
  });
});

describe("nothing to run", () => {
  it("says why and leaves the prompt when both records are damaged", async () => {
    const device = await makeDevice({ files: { "/state/slot0": "x", "/state/slot1": new Uint8Array(96) } });
    await device.powerOn(1000);
    expect(device.text).toContain("espx: no slot record says what to run");
    expect(device.text).toContain("/state/slot0: 1 bytes, expected 96");
    expect(device.text).toContain("/state/slot1: not a slot record of version 1");
    await device.type("40+2\r");
    expect(device.text).toContain("42");
  });

  it("says why when there is no record at all", async () => {
    const device = await makeDevice();
    device.board.flash.remove("/state/slot0");
    await device.powerOn(1000);
    expect(device.text).toContain("espx: no slot record says what to run");
    expect(device.text).toContain(">>> ");
  });

  it("says why when the slot is empty", async () => {
    const device = await makeDevice({ record: { slot: "b" } });
    await device.powerOn(1000);
    expect(device.text).toContain("espx: slot b has no main.py: deploy a profile");
    expect(device.text).toContain(">>> ");
  });

  it("says why when the launcher's own library is missing", async () => {
    const device = await makeDevice();
    device.board.flash.remove("/safe/slots.mpy");
    await device.powerOn(1000);
    expect(device.text).toContain("espx: the launcher failed:");
    expect(device.text).toContain("no module named 'slots'");
    await device.type("40+2\r");
    expect(device.text).toContain("42");
    expect(device.boots).toEqual(["power-on"]);
  });
});

describe("the slot's own boot.py", () => {
  it("runs in the slot at each start and soft reset, leaves its names to the prompt, and the launcher to the firmware", async () => {
    const device = await makeDevice({
      config,
      app: goodApp,
      components: [],
      files: { "/a/boot.py": "import os\nmark = 7\nprint('boot in', os.getcwd())" },
    });
    await device.powerOn(1000);
    expect(device.text).toMatch(/boot in \/a\r\n[^]*app: good/);
    await device.type("\x03");
    await device.type("print('mark', mark)\r");
    expect(device.text).toContain("mark 7");
    await device.type("\x04", 1000);
    expect(device.count("boot in /a")).toBe(2);
    expect(device.count("app: good")).toBe(2);
  });

  it("does not keep the set from running when it fails", async () => {
    const device = await makeDevice({ config, app: "print('main runs')", files: { "/a/boot.py": "1/0" } });
    await device.powerOn(1000);
    expect(device.text).toContain("ZeroDivisionError");
    expect(device.text).toContain("main runs");
  });

  it("is caught by the watchdog when it hangs on trial", async () => {
    const device = await makeDevice({
      config,
      app: goodApp,
      record: { state: "trial", attemptsLeft: 3 },
      files: { "/a/boot.py": "while True: pass" },
      quietMs: 1500,
    });
    await device.powerOn(35_000);
    expect(device.boots.slice(1, 3)).toEqual(["watchdog", "watchdog"]);
  });
});

describe("launcher files of different age", () => {
  it("runs without /boot.py", async () => {
    const device = await makeDevice({ config, app: goodApp, components: [] });
    device.board.flash.remove("/boot.py");
    await device.powerOn(1000);
    expect(device.text).toContain("app: good");
  });

  it("runs after a foreign /boot.py", async () => {
    const device = await makeDevice({
      config,
      app: goodApp,
      components: [],
      files: { "/boot.py": "print('stock')\n" },
    });
    await device.powerOn(1000);
    expect(device.text).toMatch(/stock[^]*app: good/);
  });

  it("leaves a foreign /main.py alone", async () => {
    const device = await makeDevice({ config, files: { "/main.py": "import os\nprint('foreign in', os.getcwd())\n" } });
    await device.powerOn(1000);
    expect(device.text).toContain("foreign in /\r\n");
  });

  it("runs a set under a launcher that tells it less", async () => {
    const device = await makeDevice({
      files: {
        "/main.py": `import sys
sys.path[:0] = ["/a", "/a/lib"]
import main as app
from espx.run import run
run(app, {"slot": "a", "state": "confirmed", "config": "/config.txt"})
`,
      },
      config,
      app: goodApp,
    });
    await device.powerOn(30_000);
    expect(device.text).toContain("app: good");
    expect(device.text).not.toContain("Traceback");
  });

  it("takes a record of a later version for none, and runs the other", async () => {
    const later = encodeSlotRecord({ ...defaultRecord, count: 9, slot: "b" });
    later[4] = 2;
    const device = await makeDevice({
      config,
      app: "print('I am a')",
      files: { "/b/main.py": "", "/state/slot1": later },
    });
    await device.powerOn(1000);
    expect(device.text).toContain("I am a");
  });
});
