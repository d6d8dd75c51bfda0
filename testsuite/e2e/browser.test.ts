import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWorld } from "@espx/sim";
import { expect, test } from "vitest";
import { has } from "../programs.ts";
import { startBridge } from "./browser/bridge.ts";

test.skipIf(!has("chromium"))(
  "a page talks to a board's Python and writes a chip's flash through Web Serial (needs chromium)",
  { timeout: 120_000 },
  async () => {
    const world = await createWorld({ mode: "real" });
    const flashed = await world.addBoard({ name: "flashed" });
    const blank = await world.addBoard({ name: "blank", blank: true });
    await Promise.all([flashed.powerOn(), blank.powerOn()]);
    await using bridge = await startBridge({
      flashed: () => flashed.openSerial(),
      blank: () => blank.openSerial(),
    });
    const profile = await mkdtemp(join(tmpdir(), "espx-browser-"));
    const browser = spawn(
      "chromium",
      [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        `--user-data-dir=${profile}`,
        bridge.url,
      ],
      { stdio: "ignore" },
    );
    try {
      expect(await bridge.done).toEqual({
        python: "42 esp32",
        flash: {
          chip: "ESP32",
          baudRate: 460_800,
          isStub: true,
          first: expect.objectContaining({ writtenBytes: 70_000, unchangedBytes: 0, resumed: 0 }) as unknown,
          again: expect.objectContaining({ writtenBytes: 0, sentBytes: 0 }) as unknown,
          same: true,
          left: "reset",
          kind: "blank",
        },
      });
      expect(Buffer.from(blank.chip.flash.read(0x10000, 64)).toString("hex")).toMatch(/^(00){12}01/);
    } finally {
      browser.kill("SIGKILL");
      await new Promise((resolve) => browser.on("close", resolve));
      await world.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
