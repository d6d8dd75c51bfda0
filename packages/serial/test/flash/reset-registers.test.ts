import { describe, expect, test } from "vitest";
import {
  biteByWatchdog,
  forgetForcedDownload,
  hasWatchdogReset,
  quietWatchdogs,
  staysOverOtg,
} from "../../src/flash/reset-registers.ts";

/** Registers that note what is written to them. */
class NotedRegisters {
  readonly written: (readonly [address: string, value: number])[] = [];
  readonly #values: Readonly<Record<number, number>>;

  constructor(values: Readonly<Record<number, number>> = {}) {
    this.#values = values;
  }

  readRegister(address: number): Promise<number> {
    return Promise.resolve(this.#values[address] ?? 0);
  }

  writeRegister = (address: number, value: number): Promise<void> => {
    this.written.push([address.toString(16), value]);
    return Promise.resolve();
  };
}

const key = 0x50d83aa1;

test.each([
  ["esp32s2", "3f4080ac", "3f408098", "3f408094"],
  ["esp32s3", "600080b0", "6000809c", "60008098"],
  ["esp32c2", "6000809c", "60008088", "60008084"],
  ["esp32c3", "600080a8", "60008094", "60008090"],
  ["esp32c5", "600b1c18", "600b1c04", "600b1c00"],
  ["esp32c61", "600b1c18", "600b1c04", "600b1c00"],
  ["esp32p4", "50116018", "50116004", "50116000"],
])(
  "the watchdog of an %s is opened, given 2000 cycles, and started as the one to reset the chip",
  async (chip, ...at) => {
    const registers = new NotedRegisters();
    expect(hasWatchdogReset(chip)).toBe(true);
    await biteByWatchdog(chip, registers, registers.writeRegister);
    const [protection, timeout, configuration] = at;
    expect(registers.written).toEqual([
      [protection, key],
      [timeout, 2000],
      [configuration, 0xd0000102],
    ]);
  },
);

test.each(["esp32", "esp32c6", "esp32h2", "esp8266"])("that of an %s is not used", (chip) => {
  expect(hasWatchdogReset(chip)).toBe(false);
});

test("watchdogs that a reset over USB leaves running are stopped, and one that cannot be is fed", async () => {
  const registers = new NotedRegisters({ 0x600080b4: 0x1234 });
  await quietWatchdogs("esp32s3", registers);
  expect(registers.written).toEqual([
    ["600080b0", key],
    ["60008098", 0],
    ["600080b0", 0],
    ["600080b8", 0x8f1d312a],
    ["600080b4", 0x80001234],
    ["600080b8", 0],
  ]);
});

describe("over USB OTG", () => {
  test.each([
    ["esp32s3", 0, 0, true],
    ["esp32s3", 8, 0, false],
    ["esp32s3", 0, 1, false],
    ["esp32c3", 0, 0, false],
  ])("an %s with straps %i and forced download %i stays: %s", async (chip, straps, forced, stays) => {
    const registers = new NotedRegisters({ 0x60004038: straps, 0x6000812c: forced });
    expect(await staysOverOtg(chip, registers)).toBe(stays);
  });
});

test("what a program of an ESP32-S3 asked for is taken back, and nothing is written where it asked for nothing", async () => {
  const asked = new NotedRegisters({ 0x6000812c: 0x101 });
  await forgetForcedDownload("esp32s3", asked);
  expect(asked.written).toEqual([["6000812c", 0x100]]);
  const none = new NotedRegisters();
  await forgetForcedDownload("esp32s3", none);
  expect(none.written).toEqual([]);
});
