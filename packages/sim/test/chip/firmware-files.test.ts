import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeFirmware } from "../../build/firmware.ts";
import { startBoard } from "../board-fixture.ts";

describe("the firmware as files", () => {
  it("starts a blank chip when each is written where its name says", async () => {
    const folder = mkdtempSync(join(tmpdir(), "espx-firmware-"));
    try {
      const paths = await writeFirmware(folder);
      for (const chip of ["esp32", "esp32s3", "esp32c3"]) {
        const files = paths.filter((path) => basename(dirname(path)) === chip && !path.includes("-ota-"));
        expect(files).toHaveLength(3);
        await using fixture = await startBoard({ chip, blank: true });
        for (const path of files) {
          const offset = Number(/0x[0-9a-f]+(?=\.bin$)/.exec(path)?.[0]);
          fixture.board.chip.flash.replace(offset, readFileSync(path));
        }
        await fixture.board.reset();
        expect(fixture.take()).toContain("MicroPython v1.27.0");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
