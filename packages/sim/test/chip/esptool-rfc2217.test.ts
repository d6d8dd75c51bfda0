import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythonWith } from "../../../../testsuite/python.ts";
import type { ChipName } from "../../src/chip/chip-model.ts";
import { SerialGate } from "../../src/control/serial-gate.ts";
import { Rfc2217Server } from "../../src/rfc2217/rfc2217-server.ts";
import { ChipFixture, type Outcome, runEsptool } from "./chip-fixture.ts";

const isLong = process.env["ESPX_LONG_TESTS"] !== undefined;
const chips: readonly ChipName[] = isLong ? ["esp32", "esp32s3", "esp32c3"] : ["esp32"];
const python = pythonWith("esptool");

// pySerial takes 50 ms a setting there, 8 to 35 s a command: one command shows the way in and out.
describe.skipIf(python === undefined).each(chips)(
  "esptool over RFC 2217 on %s (needs esptool)",
  { timeout: 120_000 },
  (chip) => {
    let fixture: ChipFixture;
    let server: Rfc2217Server;
    const esptool = (...args: readonly string[]): Promise<Outcome> =>
      runEsptool(python as string, ["--port", `${server.url}?ign_set_control`, ...args]);

    beforeAll(async () => {
      fixture = await ChipFixture.start({ chip, files: { "/main.py": "print('up', 'again')\n" } });
      server = await Rfc2217Server.open(new SerialGate(fixture.board), { name: "board" });
      await fixture.board.powerOn();
      await fixture.waitFor("up again");
    });
    afterAll(async () => {
      await server?.close();
      await fixture?.[Symbol.asyncDispose]();
    });

    test("resets a running board into its loader by DTR and RTS set one by one, and back into its program", async () => {
      const { code, text } = await esptool("chip-id");
      expect(text).toContain("Stub flasher running");
      expect(code).toBe(0);
      const said = await fixture.waitFor("up again");
      expect(said).toContain("waiting for download");
      expect(said).toContain("SPI_FAST_FLASH_BOOT");
    });

    // pySerial needs half a minute for most of these: ESPX_LONG_TESTS=1 adds the rest of the list, and the other chips.
    const commands = [
      ["flash-id"],
      ["read-mac"],
      ["--no-stub", "flash-id"],
      ["erase-region", "0x300000", "0x1000"],
      ["write-flash", "0x300000", "package.json"],
      ["--no-stub", "write-flash", "0x310000", "package.json"],
      ["verify-flash", "0x300000", "package.json"],
      ["read-flash", "0x300000", "0x1000", "/dev/null"],
      ["erase-flash"],
    ];
    test.each((isLong ? commands : commands.slice(1, 2)).map((args) => [args]))("does %s", async (args) => {
      const { code, text } = await esptool(...args);
      expect(code, text).toBe(0);
    });
  },
);
