import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SerialLink, Signals } from "@espx/proto";
import { FlashSession } from "@espx/serial";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { has } from "../../../testsuite/programs.ts";
import { pythonWith } from "../../../testsuite/python.ts";
import { type ChipFixture, PseudoTerminal, runEsptool } from "../../sim/test/chip/chip-fixture.ts";
import { realClock } from "../src/clock.ts";
import { flashTools as tools } from "../src/ports/flash-tools.ts";
import { firmware, withChip } from "./_chip.ts";
import { firmwareFile } from "./_firmware.ts";
import { throughLine } from "./_lines.ts";
import { eventsOf, run, type RunResult, tempFolder } from "./_run.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  folder = await tempFolder();
  for (const chip of ["esp32", "esp32s3", "esp32c3"] as const)
    await writeFile(join(folder.path, `${chip}.bin`), firmwareFile(chip));
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Flashed extends RunResult {
  /** How often the port was opened. */
  readonly opened: number;
}

/** Runs `espx flash` on the board of a fixture, by default over the chip's own USB. */
async function flash({ board }: ChipFixture, argv: readonly string[], port: "usb" | "uart" = "usb"): Promise<Flashed> {
  let opened = 0;
  const openPort = () => {
    opened++;
    return Promise.resolve(board.openSerial({ port }));
  };
  const image = ["--image", `${board.chip.model.name}.bin`];
  const env = { ESPX_STATE_DIR: join(folder.path, `state-${Math.random()}`) };
  const outside = { openPort, listPorts: () => Promise.resolve([]) };
  const result = await run(["flash", "--port", "sim:board", ...image, ...argv], { outside, cwd: folder.path, env });
  return { ...result, opened };
}

function flashed(result: RunResult): Record<string, unknown> {
  return eventsOf(result).find(({ kind }) => kind === "flashed")?.data as unknown as Record<string, unknown>;
}

/** Presses BOOT and EN, and lets BOOT go. */
async function pressBootAndEn(fixture: ChipFixture): Promise<void> {
  await fixture.enterDownload();
  await fixture.waitFor("waiting for download");
  fixture.board.setPin(fixture.board.chip.model.bootPin, 1);
}

describe.each(["esp32s3", "esp32c3"] as const)("an %s on its own USB", (chip) => {
  test("is brought into its loader and out of it by DTR and RTS, without leaving the bus", () =>
    withChip({ chip, blank: true }, async (fixture) => {
      const result = await flash(fixture, ["--json"]);
      expect(result.code, result.stdout).toBe(0);
      expect(flashed(result)).toMatchObject({ left: "reset", boot: { kind: "micropython" } });
      expect(result.opened).toBe(1);
      expect(fixture.take()).toContain("rst:0x15 (USB_UART_CHIP_RESET)");
    }));

  test("that was started with BOOT and EN stays in its loader at a reset by RTS: its watchdog resets it, which is said", () =>
    withChip({ chip, blank: true }, async (fixture) => {
      await pressBootAndEn(fixture);
      const result = await flash(fixture, []);
      expect(result.code, result.stderr).toBe(0);
      expect(result.stderr).toContain("BOOT was held at the chip's last start");
      expect(result.stdout).toMatch(/flashed and verified .*; MicroPython v/);
      expect(fixture.take()).toMatch(/USB_UART_CHIP_RESET.*waiting for download.*RTCWDT_RTC_RST.*SPI_FAST_FLASH_BOOT/s);
      expect(result.opened).toBe(2);
    }));

  test("whose BOOT is still held is told of: nothing but a hand helps then", () =>
    withChip({ chip, blank: true }, async (fixture) => {
      await fixture.enterDownload();
      const result = await flash(fixture, []);
      expect(result.code).toBe(8);
      expect(result.stderr).toMatch(/flashed and verified, and does not start \(download\).*let BOOT go.*press EN/s);
    }));

  test("is reset by its watchdog when that is asked for, and is seen to start on the port that it comes back at", () =>
    withChip({ chip, blank: true }, async (fixture) => {
      const result = await flash(fixture, ["--after", "watchdog-reset", "--json"]);
      expect(result.code, result.stdout).toBe(0);
      expect(flashed(result)).toMatchObject({ left: "watchdog", boot: { kind: "micropython" } });
      expect(result.opened).toBe(2);
    }));

  test("whose watchdog a program had armed is flashed in peace: a reset over USB leaves it running", () =>
    withChip({ chip, blank: true }, async (fixture) => {
      const open = () => fixture.board.openSerial({ port: "usb" });
      const link = open();
      const first = await FlashSession.connect(link, realClock, { tools });
      const { rtcWatchdog } = fixture.board.chip.model.registers;
      if (rtcWatchdog === undefined) throw new Error("the chip has no watchdog");
      await first.registers.writeRegister(rtcWatchdog.protection, 0x50d83aa1);
      await first.registers.writeRegister(rtcWatchdog.timeout, 136_000 * 0.9);
      await first.registers.writeRegister(rtcWatchdog.configuration, 0xd0000000);
      expect(fixture.board.chip.watchdog.biteAtUs).toBeLessThan(Infinity);
      first.release();
      await link.close();
      const again = await FlashSession.connect(open(), realClock, { tools });
      expect(fixture.board.chip.watchdog.biteAtUs).toBe(Infinity);
      expect(await again.write(firmware(chip))).toMatchObject({ resumed: 0 });
    }));
});

describe("over USB OTG", () => {
  /** A link to the chip's own USB that passes for its OTG port, and notes what is done to its lines. */
  function otgOf({ board }: ChipFixture): { readonly link: SerialLink; readonly signals: Signals[] } {
    const signals: Signals[] = [];
    const line = throughLine(board.openSerial({ port: "usb" }), {
      setSignals: (next, pass) => (signals.push(next), pass(next)),
    });
    return { link: { ...line, traits: { ...line.traits, kind: "cdc" } }, signals };
  }

  test("a chip whose straps say that it would stay is reset by its watchdog at once, its lines left alone", () =>
    withChip({ chip: "esp32s3", blank: true }, async (fixture) => {
      await pressBootAndEn(fixture);
      const { link, signals } = otgOf(fixture);
      const events: string[] = [];
      const session = await FlashSession.connect(link, realClock, {
        tools,
        before: "no-reset",
        onEvent: (event) => events.push(event.kind === "watchdog" ? `watchdog: ${event.why}` : event.kind),
      });
      await session.write(firmware("esp32s3"));
      signals.length = 0;
      expect(await session.leave()).toBe("watchdog");
      expect(signals).toEqual([]);
      expect(events.at(-1)).toBe("watchdog: stays");
      expect(await fixture.waitFor(">>> ")).toMatch(/RTCWDT_RTC_RST.*MicroPython v/s);
    }));

  test("a chip that is called off is reset all the same", () =>
    withChip({ chip: "esp32s3" }, async (fixture) => {
      await pressBootAndEn(fixture);
      const { link } = otgOf(fixture);
      const controller = new AbortController();
      const { signal } = controller;
      const session = await FlashSession.connect(link, realClock, { tools, before: "no-reset", signal });
      controller.abort(new Error("enough"));
      await session.leaveAnyway();
      expect(await fixture.waitFor(">>> ")).toContain("MicroPython v");
    }));
});

describe("behind a bridge", () => {
  test("EN resets all of the chip: BOOT and EN before it change nothing", () =>
    withChip({ chip: "esp32s3", blank: true }, async (fixture) => {
      await pressBootAndEn(fixture);
      const result = await flash(fixture, ["--json"], "uart");
      expect(flashed(result)).toMatchObject({ left: "reset", boot: { kind: "micropython" } });
    }));

  test("the watchdog resets a chip whose port has no modem lines", () =>
    withChip({ chip: "esp32c3", blank: true }, async (fixture) => {
      await pressBootAndEn(fixture);
      const result = await flash(fixture, ["--before", "no-reset", "--after", "watchdog-reset", "--json"], "uart");
      expect(flashed(result)).toMatchObject({ left: "watchdog", boot: { kind: "micropython" } });
    }));

  test("a chip that has no such watchdog is reset by RTS, which is said", () =>
    withChip({ blank: true }, async (fixture) => {
      const result = await flash(fixture, ["--after", "watchdog-reset"], "uart");
      expect(result.code, result.stderr).toBe(0);
      expect(result.stderr).toContain("the watchdog of an ESP32 does not reset it safely: it is reset by RTS instead");
      expect(result.stdout).toContain("MicroPython v");
    }));
});

const python = pythonWith("esptool");
describe.skipIf(python === undefined || !has("socat"))("esptool (needs esptool, socat)", { timeout: 60_000 }, () => {
  test.each(["esp32s3", "esp32c3"] as const)("resets a virtual %s by the same watchdog", (chip) =>
    withChip({ chip }, async (fixture) => {
      await pressBootAndEn(fixture);
      await using terminal = await PseudoTerminal.open(fixture.board);
      const argv = ["--port", terminal.path, "--before", "no-reset", "--after", "watchdog-reset", "flash-id"];
      const { code, text } = await runEsptool(python as string, argv);
      expect(code, text).toBe(0);
      expect(text).toContain("Hard resetting with a watchdog");
      expect(await fixture.waitFor(">>> ")).toMatch(/RTCWDT_RTC_RST.*MicroPython v/s);
    }),
  );
});
