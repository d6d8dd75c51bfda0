import { type EspxError, LinkError, type SerialLink } from "@espx/proto";
import { type ConnectOptions, FlashSession, parseCustomReset } from "@espx/serial";
import { describe, expect, test } from "vitest";
import type { ChipFixture } from "../../sim/test/chip/chip-fixture.ts";
import { realClock } from "../src/clock.ts";
import { flashTools as tools } from "../src/ports/flash-tools.ts";
import { firmware, withChip } from "./_chip.ts";
import { hastyClock, type LineChanges, throughLine } from "./_lines.ts";

type Changes = LineChanges & { readonly options?: Partial<ConnectOptions>; readonly clock?: typeof realClock };

/** Connects through a line that is not as it should be. */
function connect(
  fixture: ChipFixture,
  { options, clock = hastyClock, ...changes }: Changes = {},
): Promise<FlashSession> {
  const link = throughLine(fixture.board.openSerial({ baudRate: 3_000_000 }), changes);
  return FlashSession.connect(link, clock, { tools, ...options });
}

/** The error that a connection ends with. */
async function failure(fixture: ChipFixture, changes: Changes = {}): Promise<EspxError> {
  return (await connect(fixture, changes).then(
    () => new Error("it connected"),
    (error: unknown) => error,
  )) as EspxError;
}

const noModemLines: LineChanges = { setSignals: () => Promise.resolve(false) };

describe("no loader answers, and the error says why:", () => {
  test("nothing comes at all", () =>
    withChip({}, async (fixture) => {
      fixture.board.fault({ kind: "serial", behaviour: "silent" });
      const error = await failure(fixture);
      expect(error).toMatchObject({ code: "flash/nothing-received", exitCode: 6 });
      expect(error.hint).toMatch(/carries data.*hold BOOT, tap EN.*--before no-reset/);
    }));

  test("the boot pin does not follow DTR: the chip starts from flash", () =>
    withChip({}, async (fixture) => {
      const error = await failure(fixture, { setSignals: ({ rts }, pass) => pass({ dtr: false, rts }) });
      expect(error.code).toBe("flash/not-download-mode");
      expect(error.message).toContain("starts from flash (0x13, SPI_FAST_FLASH_BOOT)");
      expect(error.hint).toMatch(/hold BOOT, tap EN.*--reset-delay 2000.*--before with your own steps/);
    }));

  test("the chip waits in download mode, and no byte reaches it", () =>
    withChip({}, async (fixture) => {
      await fixture.enterDownload();
      const error = await failure(fixture, { write: () => Promise.resolve() });
      expect(error.code).toBe("flash/no-sync");
      expect(error.hint).toContain("TX");
    }));

  test("what comes is spoiled", () =>
    withChip({}, async (fixture) => {
      fixture.board.fault({ kind: "serial", behaviour: "garbage" });
      const error = await failure(fixture);
      expect(error.code).toBe("flash/noise");
      expect(error.hint).toContain("cable");
    }));

  test("a program talks, and the port cannot reset the board: its words are shown", () =>
    withChip(
      { files: { "/main.py": "import time\nwhile True:\n    print('temperature 21.5')\n    time.sleep_ms(20)\n" } },
      async (fixture) => {
        await fixture.waitFor("temperature");
        const error = await failure(fixture, noModemLines);
        expect(error.code).toBe("flash/noise");
        expect(error.message).toContain("temperature 21.5");
        expect(error.hint).toContain("this port cannot reset the board");
      },
    ));

  test("nothing comes from a port without modem lines", () =>
    withChip({}, async (fixture) => {
      await fixture.waitFor(">>> ");
      fixture.board.fault({ kind: "serial", behaviour: "silent" });
      const error = await failure(fixture, noModemLines);
      expect(error.message).toContain("which cannot reset a board");
    }));
});

test("a chip that waits in its loader is found through a port without modem lines, and started without a reset", () =>
  withChip({ blank: true }, async (fixture) => {
    await fixture.enterDownload();
    const session = await connect(fixture, { ...noModemLines, clock: realClock });
    await session.write(firmware());
    fixture.board.setPin(0, 1);
    fixture.take();
    expect(await session.leave()).toBe("started");
    expect(await fixture.waitFor(">>> ")).toContain("MicroPython");
  }));

describe("the flash chip", () => {
  test.each([0, 0xffffff])("whose id reads %i is not there", (flashId) =>
    withChip({ chipFaults: { flashId } }, async (fixture) => {
      const error = await failure(fixture, { clock: realClock });
      expect(error).toMatchObject({ code: "flash/no-flash-chip", exitCode: 10 });
      expect(error.hint).toContain("GPIO6 to GPIO11");
    }),
  );

  test("that does not keep what is written is found out, after as many tries as a line gets", () =>
    withChip({ blank: true }, async (fixture) => {
      const { flash } = fixture.board.chip;
      const program = flash.program.bind(flash);
      flash.program = (offset, bytes) =>
        program(
          offset,
          bytes.map((byte, index) => (offset + index === 0x10123 ? 0 : byte)),
        );
      const session = await connect(fixture, { clock: realClock });
      await expect(session.write(firmware())).rejects.toMatchObject({ code: "flash/verify-differs", exitCode: 7 });
    }));
});

describe("a line that does not hold a rate", () => {
  test("goes slower, and says what it held", () =>
    withChip({ blank: true, chipFaults: { maxBaudRate: 500_000 } }, async (fixture) => {
      const rates: unknown[] = [];
      const onEvent: ConnectOptions["onEvent"] = (event) => event.kind === "baud" && rates.push(event);
      const session = await connect(fixture, { clock: realClock, options: { onEvent } });
      expect(rates).toEqual([{ kind: "baud", baudRate: 460_800, refused: [921_600] }]);
      expect(session.memory.baudRate).toBe(460_800);
      expect(await session.write(firmware())).toMatchObject({ resumed: 0 });
    }));

  test("is talked to as slowly as was asked for, from the first call on", () =>
    withChip({ blank: true }, async (fixture) => {
      const rates: number[] = [];
      const link = fixture.board.openSerial({ baudRate: 38_400 });
      const slow = { ...throughLine(link, {}), setBaud: (rate: number) => (rates.push(rate), link.setBaud(rate)) };
      const session = await FlashSession.connect(slow, realClock, { tools, baudRate: 38_400 });
      expect(session.baudRate).toBe(38_400);
      expect(session.memory.baudRate).toBeUndefined();
      expect(await session.write([firmware()[1]])).toMatchObject({ resumed: 0, writtenBytes: 3072 });
      expect(new Set(rates)).toEqual(new Set([38_400]));
    }));

  test("is told of where the board cannot be reset for another try", () =>
    withChip({ blank: true, chipFaults: { maxBaudRate: 500_000 } }, async (fixture) => {
      await fixture.enterDownload();
      const error = await failure(fixture, { ...noModemLines, clock: realClock });
      expect(error.code).toBe("flash/baud-lost");
      expect(error.hint).toContain("--baud 115200");
    }));
});

describe("a chip that is locked is told of, and nothing is written to it:", () => {
  const locks = [
    ["esp32", { secureBoot: true }, "flash/secure-boot"],
    ["esp32", { flashEncryption: true }, "flash/encrypted"],
    ["esp32s3", { secureBoot: true }, "flash/secure-boot"],
    ["esp32c3", { flashEncryption: true }, "flash/encrypted"],
    ["esp32c3", { secureDownload: true, secureBoot: true }, "flash/secure-boot"],
    ["esp32s3", { secureDownload: true, flashEncryption: true }, "flash/encrypted"],
  ] as const;

  test.each(locks)("%s with %o", (chip, chipFaults, code) =>
    withChip({ chip, chipFaults }, async (fixture) => {
      const session = await connect(fixture, { clock: realClock });
      const before = fixture.board.chip.flash.read(0, 0x20000);
      await expect(session.write(firmware(chip))).rejects.toMatchObject({ code, exitCode: 10 });
      await expect(session.eraseAll()).rejects.toMatchObject({ code });
      await expect(session.eraseRegion(0, 4096)).rejects.toMatchObject({ code });
      expect(Buffer.compare(fixture.board.chip.flash.read(0, 0x20000), before)).toBe(0);
    }),
  );
});

test("without a stub the ROM writes, compares and reads", () =>
  withChip({ blank: true }, async (fixture) => {
    const session = await connect(fixture, { clock: realClock, options: { useStub: false } });
    expect(session.isStub).toBe(false);
    const regions = firmware();
    await session.write(regions);
    expect((await session.plan(regions)).runs).toEqual([]);
    expect(await session.read(0x8000, 512)).toEqual(fixture.board.chip.flash.read(0x8000, 512));
  }));

test("a chip that is not the one that was asked for is started again", () =>
  withChip({}, async (fixture) => {
    await fixture.waitFor(">>> ");
    const error = await failure(fixture, { clock: realClock, options: { chip: "esp32s3" } });
    expect(error.code).toBe("flash/wrong-chip");
    expect(await fixture.waitFor(">>> ")).toContain("MicroPython");
  }));

test("a chip that nobody knows is refused", () =>
  withChip({ chip: "esp32c3" }, async (fixture) => {
    const none = () => Promise.resolve(undefined);
    const chips = { byMagic: none, byImageChipId: none };
    const error = await failure(fixture, { clock: realClock, options: { tools: { ...tools, chips } } });
    expect(error).toMatchObject({ code: "flash/unknown-chip", exitCode: 10 });
    expect(error.message).toContain("chip id 5, magic 0x1b31506f");
  }));

describe("what is lost on the way", () => {
  const isBlock = (bytes: Uint8Array): boolean => bytes.length > 1000 && bytes[2] === 0x11;

  test("a block that comes spoiled is sent again", () =>
    withChip({ blank: true }, async (fixture) => {
      const sent: string[] = [];
      const session = await connect(fixture, {
        clock: realClock,
        write: (bytes, pass) => {
          if (isBlock(bytes)) sent.push(Buffer.from(bytes.subarray(0, 60)).toString("hex"));
          const at = bytes.findIndex((byte, index) => index > 500 && byte === 0x55);
          return pass(sent.length === 2 && isBlock(bytes) ? bytes.with(at, 0x54) : bytes);
        },
      });
      expect(await session.write(firmware())).toMatchObject({ resumed: 0 });
      expect(sent[2]).toBe(sent[1]);
      expect(new Set(sent).size).toBe(sent.length - 1);
      expect((await session.plan(firmware())).runs).toEqual([]);
    }));

  test("after a block that never arrives the chip is called, asked what it has, and gets the rest", () =>
    withChip({ blank: true }, async (fixture) => {
      let blocks = 0;
      const session = await connect(fixture, {
        write: (bytes, pass) => (isBlock(bytes) && ++blocks === 3 ? Promise.resolve() : pass(bytes)),
      });
      expect(await session.write(firmware())).toMatchObject({ resumed: 1 });
      expect((await session.plan(firmware())).runs).toEqual([]);
    }));

  /** Opens the port anew when it was lost; `other` is then at it. */
  async function lostPort(fixture: ChipFixture, other: ChipFixture = fixture): Promise<FlashSession> {
    let blocks = 0;
    let link: SerialLink;
    const open = ({ board }: ChipFixture): SerialLink => {
      link = board.openSerial({ baudRate: 3_000_000 });
      return throughLine(link, {
        write: async (bytes, pass) => {
          if (isBlock(bytes) && ++blocks === 3) fixture.board.fault({ kind: "serial", behaviour: "lost" });
          return pass(bytes);
        },
      });
    };
    const reopen = async (): Promise<SerialLink> => {
      fixture.board.fault({ kind: "serial", behaviour: "normal" });
      await link.close().catch(() => undefined);
      return open(other);
    };
    return FlashSession.connect(open(fixture), realClock, { tools, reopen });
  }

  test("a port that comes back is gone on with where it stopped", () =>
    withChip({ blank: true }, async (fixture) => {
      const session = await lostPort(fixture);
      const regions = firmware("esp32", { sizeBytes: 300_000 });
      const report = await session.write(regions);
      expect(report.resumed).toBe(1);
      const wholeBytes = regions.reduce((sum, { bytes }) => sum + bytes.length, 0);
      expect(report.sentBytes).toBeLessThan(wholeBytes * 0.8);
      await session.leave();
      await fixture.waitFor(">>> ");
    }));

  test("another board in its place is left alone", () =>
    withChip({ blank: true }, (fixture) =>
      withChip({ blank: true, mac: Uint8Array.of(2, 2, 3, 4, 5, 6) }, async (other) => {
        const session = await lostPort(fixture, other);
        await expect(session.write(firmware())).rejects.toMatchObject({ code: "flash/other-board", exitCode: 10 });
        expect(other.board.chip.flash.read(0, 0x400000).every((byte) => byte === 0xff)).toBe(true);
      }),
    ));

  test("a port that nobody opens again is the end", () =>
    withChip({ blank: true }, async (fixture) => {
      let blocks = 0;
      const session = await connect(fixture, {
        clock: realClock,
        write: (bytes, pass) => {
          if (isBlock(bytes) && ++blocks === 2) fixture.board.fault({ kind: "serial", behaviour: "lost" });
          return pass(bytes);
        },
      });
      await expect(session.write(firmware())).rejects.toBeInstanceOf(LinkError);
    }));
});

test("steps that somebody wrote down and that lead nowhere are told of, and nothing else is tried", () =>
  withChip({}, async (fixture) => {
    const attempts: unknown[] = [];
    const onEvent: ConnectOptions["onEvent"] = (event) => event.kind === "reset" && attempts.push(event.strategy);
    const before = parseCustomReset("D0|R1|W0.1|R0|W0.2");
    const error = await failure(fixture, { clock: realClock, options: { before, onEvent } });
    expect(error.code).toBe("flash/not-download-mode");
    expect(attempts).toEqual(["custom", "custom"]);
  }));
