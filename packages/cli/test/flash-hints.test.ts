import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SerialLink } from "@espx/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VirtualBoardOptions } from "../../sim/src/board/board-options.ts";
import type { ChipFixture } from "../../sim/test/chip/chip-fixture.ts";
import { withChip } from "./_chip.ts";
import { firmwareFile } from "./_firmware.ts";
import { type LineChanges, throughLine } from "./_lines.ts";
import { eventsOf, run, type RunResult, tempFolder } from "./_run.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  folder = await tempFolder();
  await writeFile(join(folder.path, "firmware.bin"), firmwareFile("esp32"));
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Line extends LineChanges {
  readonly state?: string;
}

/** Runs `espx flash` on the board of a fixture, through a line that may not be as it should be. */
function flash(
  { board }: ChipFixture,
  argv: readonly string[],
  { state = "state", ...changes }: Line = {},
): Promise<RunResult> {
  const openPort = (): Promise<SerialLink> => Promise.resolve(throughLine(board.openSerial(), changes));
  const outside = { openPort, listPorts: () => Promise.resolve([]) };
  const env = { ESPX_STATE_DIR: join(folder.path, state) };
  return run(["flash", "--port", "sim:board", "--image", "firmware.bin", ...argv], { outside, cwd: folder.path, env });
}

const noModemLines: LineChanges = { setSignals: () => Promise.resolve(false) };
const chatter = { "/main.py": "import time\nwhile True:\n    print('temperature 21.5')\n    time.sleep_ms(20)\n" };

interface Row {
  readonly board: Partial<VirtualBoardOptions>;
  readonly line?: LineChanges;
  readonly before?: (fixture: ChipFixture) => Promise<void> | void;
  readonly exit: number;
  readonly code: string;
  readonly says: RegExp;
}

const rows: Readonly<Record<string, Row>> = {
  "nothing comes": {
    board: {},
    line: noModemLines,
    before: async (fixture) => {
      await fixture.waitFor(">>> ");
      fixture.board.fault({ kind: "serial", behaviour: "silent" });
    },
    exit: 6,
    code: "flash/nothing-received",
    says: /nothing came from sim:board.*right port.*carries data.*RX and TX.*hold BOOT, tap EN.*--before no-reset/s,
  },
  "a chip starts from flash, again and again": {
    board: { blank: true },
    line: noModemLines,
    exit: 6,
    code: "flash/not-download-mode",
    says: /starts from flash \(0x13, SPI_FAST_FLASH_BOOT\): this port cannot reset it.*drives the boot pin/s,
  },
  "a chip waits in download mode and hears nothing": {
    board: { blank: true },
    line: { ...noModemLines, write: () => Promise.resolve() },
    before: (fixture) => void setTimeout(() => void fixture.enterDownload(), 300),
    exit: 6,
    code: "flash/no-sync",
    says: /waits in download mode, but hears nothing.*computer's TX to the chip's RX/s,
  },
  "a program talks": {
    board: { files: chatter },
    line: noModemLines,
    before: async (fixture) => void (await fixture.waitFor("temperature")),
    exit: 6,
    code: "flash/noise",
    says: /no answer of a boot loader: ".*temperature 21\.5.*this port cannot reset the board/s,
  },
  "bytes are spoiled": {
    board: { files: chatter },
    before: (fixture) => fixture.board.fault({ kind: "serial", behaviour: "garbage" }),
    line: { setSignals: ({ rts }, pass) => pass({ dtr: false, rts }) },
    exit: 6,
    code: "flash/noise",
    says: /running program, another baud rate, or a bad cable/,
  },
  "the flash chip reads 0x000000": {
    board: { chipFaults: { flashId: 0 } },
    exit: 10,
    code: "flash/no-flash-chip",
    says: /does not answer \(id 0x000000\).*GPIO6 to GPIO11.*VDD_SDIO/s,
  },
  "the flash chip reads 0xffffff": {
    board: { chip: "esp32s3", chipFaults: { flashId: 0xffffff } },
    exit: 10,
    code: "flash/no-flash-chip",
    says: /does not answer \(id 0xffffff\).*unplug what is wired there/s,
  },
  "a rate does not hold, and nothing can reset the chip for another try": {
    board: { blank: true, chipFaults: { maxBaudRate: 500_000 } },
    line: noModemLines,
    before: (fixture) => fixture.enterDownload(),
    exit: 6,
    code: "flash/baud-lost",
    says: /does not answer at 921600 baud.*--baud 115200/s,
  },
};

describe("what flash ends with, and what it says to do, when", () => {
  test.each(Object.entries(rows))("%s", { timeout: 40_000 }, (_, { board, line, before, exit, code, says }) =>
    withChip(board, async (fixture) => {
      await before?.(fixture);
      const argv = line?.setSignals === noModemLines.setSignals ? ["--before", "no-reset"] : [];
      const result = await flash(fixture, argv, line);
      expect(result.code, result.stderr).toBe(exit);
      expect(result.stderr).toMatch(says);
      expect(result.stderr).toContain(`(${code})`);
    }),
  );
});

test("a rate that does not hold is gone below, said, and not tried again with that adapter", { timeout: 40_000 }, () =>
  withChip({ blank: true, chipFaults: { maxBaudRate: 500_000 } }, async (fixture) => {
    const remembered = async (): Promise<unknown> =>
      JSON.parse(await readFile(join(folder.path, "slow", "adapters.json"), "utf8"));
    const line = { state: "slow" };
    const first = await flash(fixture, [], line);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain("does not hold 921600 baud, goes on at 460800");
    expect(await remembered()).toMatchObject({ "sim:board": { baudRate: 460_800 } });

    const second = await flash(fixture, ["--json"], line);
    expect(second.code).toBe(0);
    expect(second.stdout).not.toContain("does not hold");
    expect(eventsOf(second).find(({ kind }) => kind === "flashed")?.data).toMatchObject({ baudRate: 460_800 });

    // A rate that was asked for once is not what the adapter can do.
    expect((await flash(fixture, ["--baud", "115200"], line)).code).toBe(0);
    expect(await remembered()).toMatchObject({ "sim:board": { baudRate: 460_800 } });
  }),
);

test("a chip that is held in its loader by hand stays there when an image is refused: the right one is taken then", () =>
  withChip({ blank: true }, async (fixture) => {
    await fixture.enterDownload();
    await writeFile(join(folder.path, "s3.bin"), firmwareFile("esp32s3"));
    const byHand = ["--before", "no-reset"];
    const wrong = await flash(fixture, ["--image", "s3.bin", ...byHand], noModemLines);
    expect([wrong.code, wrong.stderr]).toEqual([10, expect.stringContaining("s3.bin is made for esp32s3")]);
    fixture.board.setPin(0, 1);
    const right = await flash(fixture, byHand, noModemLines);
    expect([right.code, right.stdout]).toEqual([0, expect.stringContaining("MicroPython v1.27.0")]);
  }));

test("a board that greets before the line is back at its rate is asked to greet again", () =>
  withChip({ blank: true }, async (fixture) => {
    await fixture.enterDownload();
    let isFast = false;
    const setBaud: LineChanges["setBaud"] = async (baudRate, pass) => {
      if (isFast) await new Promise((resolve) => setTimeout(resolve, 2_000));
      isFast = baudRate > 115_200;
      await pass(baudRate);
    };
    fixture.board.setPin(0, 1);
    const { code, stdout } = await flash(fixture, ["--before", "no-reset"], { ...noModemLines, setBaud });
    expect([code, stdout]).toEqual([0, expect.stringContaining("MicroPython v1.27.0")]);
  }));

describe("a board is flashed whatever it does:", () => {
  /** Exit code and last words. */
  const whole = async (fixture: ChipFixture, argv: readonly string[] = []): Promise<readonly [number, string]> => {
    const { code, stdout } = await flash(fixture, ["--yes", ...argv]);
    return [code, stdout];
  };
  const done = [0, expect.stringContaining("MicroPython v1.27.0")];

  test("its program takes no Ctrl-C", () =>
    withChip(
      { files: { "/main.py": "import micropython\nmicropython.kbd_intr(-1)\nwhile True:\n    print('never')\n" } },
      async (fixture) => {
        await fixture.waitFor("never");
        const { code, stderr } = await flash(fixture, []);
        expect(code, stderr).toBe(0);
      },
    ));

  test("its firmware crashes at every start", () =>
    withChip({ firmware: { behaviour: "crashes" } }, async (fixture) => {
      await fixture.waitFor("Guru Meditation");
      expect(await whole(fixture)).toEqual(done);
    }));

  test("its console speaks another rate", () =>
    withChip(
      { files: { "/boot.py": "import machine\nmachine.UART(0, 9600)\n" }, firmware: { version: "1.20.0" } },
      async (fixture) => {
        await fixture.waitFor(">>> ");
        const { code, stderr } = await flash(fixture, ["--yes"]);
        expect(code, stderr).toBe(0);
        expect(stderr).toContain("the banner of MicroPython was not seen");
      },
    ));

  test("its flash takes its time, and its ROM alone answers", () =>
    withChip({ blank: true, flashTiming: "typical" }, async (fixture) => {
      expect(await whole(fixture, ["--no-stub"])).toEqual(done);
    }));

  test("bits of what goes over its line are turned around now and then", { timeout: 60_000 }, () =>
    withChip({ blank: true }, async (fixture) => {
      let sent = 0;
      const write: LineChanges["write"] = (bytes, pass) => {
        const isSpoiled = bytes.length > 1000 && ++sent % 3 === 0;
        const at = bytes.findIndex((byte, index) => index > 500 && byte === 0x33);
        return pass(isSpoiled && at > 0 ? bytes.with(at, 0x32) : bytes);
      };
      const { code, stderr } = await flash(fixture, [], { write });
      expect(code, stderr).toBe(0);
      const file = firmwareFile("esp32");
      const held = fixture.board.chip.flash.read(0x10000, file.length - 0xf000);
      expect(Buffer.compare(held, file.subarray(0xf000))).toBe(0);
    }),
  );
});
