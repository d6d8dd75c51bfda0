import { LinkError } from "@espx/proto";
import { describe, expect, it } from "vitest";
import { UsbControl } from "../../src/board/usb-control.ts";
import { chipModels } from "../../src/chip/chip-model.ts";
import { RtcWatchdog } from "../../src/chip/rtc-watchdog.ts";
import { startBoard } from "../board-fixture.ts";

describe("DTR and RTS of the chip's own USB", () => {
  it.each([
    ["RTS alone, from idle", ["00", "01"], ["flash"]],
    ["RTS after DTR, with neither between them", ["10", "00", "01"], ["flash"]],
    ["RTS after DTR", ["10", "01"], ["download"]],
    ["the sequence of tools", ["00", "10", "11", "01", "00"], ["download"]],
    ["both at once", ["00", "11"], []],
    ["RTS held for long", ["01", "01", "01"], ["flash"]],
    ["RTS twice", ["01", "00", "01"], ["flash", "flash"]],
  ])("%s", (_, settings, resets) => {
    const seen: string[] = [];
    const control = new UsbControl((toDownload) => seen.push(toDownload ? "download" : "flash"));
    for (const [dtr, rts] of settings) control.set({ dtr: dtr === "1", rts: rts === "1" });
    expect(seen).toEqual(resets);
  });

  it("reset the core: RTC memory stays, the link too, and Python sees a hard reset", async () => {
    await using fixture = await startBoard();
    const usb = fixture.board.openSerial({ port: "usb" });
    await fixture.ask("import machine; machine.RTC().memory(b'kept')\r");
    await usb.setSignals({ dtr: false, rts: true });
    await usb.setSignals({ dtr: false, rts: false });
    await fixture.world.advance(10);
    expect(fixture.take()).toContain("rst:0x15 (USB_UART_CHIP_RESET),boot:0x13");
    expect(
      await fixture.ask("import machine; machine.RTC().memory(), machine.reset_cause() == machine.HARD_RESET\r"),
    ).toContain("(b'kept', True)");
    await usb.drain();
  });

  it("lead where the boot pin was at the last reset of the whole chip, not where it is", async () => {
    await using fixture = await startBoard();
    const usb = fixture.board.openSerial({ port: "usb" });
    fixture.board.setPin(0, 0);
    await usb.setSignals({ dtr: false, rts: true });
    await usb.setSignals({ dtr: false, rts: false });
    await fixture.world.advance(10);
    expect(fixture.take()).toContain("MicroPython");
  });
});

it("a reset of the whole chip takes its own USB off the bus, and its UART's bridge stays", async () => {
  await using fixture = await startBoard();
  const usb = fixture.board.openSerial({ port: "usb" });
  let lost: Error | undefined;
  usb.listen({ chunk: () => {}, closed: (error) => (lost = error) });
  await fixture.board.reset();
  expect(lost).toBeInstanceOf(LinkError);
  await expect(usb.write(Uint8Array.of(13))).rejects.toMatchObject({ code: "link/lost" });
  expect(await fixture.ask("1+1\r")).toContain("2");
  fixture.board.openSerial({ port: "usb" });
});

describe("the RTC watchdog", () => {
  const places = { configuration: 0x60008090, timeout: 0x60008094, protection: 0x600080a8 };
  const key = 0x50d83aa1;

  it("is written with its key only, and bites after so many cycles of 136 kHz", () => {
    const watchdog = new RtcWatchdog(chipModels.esp32c3.registers.rtcWatchdog);
    watchdog.write(places.protection, 0, 0);
    watchdog.write(places.configuration, 0xd0000102, 0);
    expect(watchdog.biteAtUs).toBe(Infinity);
    watchdog.write(places.protection, key, 0);
    watchdog.write(places.timeout, 136_000, 5_000_000);
    watchdog.write(places.configuration, 0xd0000102, 5_000_000);
    expect(watchdog.biteAtUs).toBe(6_000_000);
    expect(watchdog.read(places.configuration)).toBe(0xd0000102);
    watchdog.reset();
    expect(watchdog.biteAtUs).toBe(Infinity);
  });

  it("of an ESP32 is no register of its chip here", () => {
    const watchdog = new RtcWatchdog(chipModels.esp32.registers.rtcWatchdog);
    expect([watchdog.read(places.timeout), watchdog.write(places.timeout, 1, 0)]).toEqual([undefined, false]);
  });
});
