import { createHash } from "node:crypto";
import { encodePartitionTable, makeLittlefs } from "@espx/image";
import { ESPLoader, Transport } from "esptool-js";
import { describe, expect, it } from "vitest";
import { type ChipName, chipModels } from "../../src/chip/chip-model.ts";
import { layoutTable } from "../../src/chip/flash-layout.ts";
import { makeApplication, makeBootloader, md5 } from "../../src/chip/virtual-firmware.ts";
import { ChipFixture } from "./chip-fixture.ts";
import { LinkSerialPort } from "./web-serial.ts";

const md5Hex = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

describe.each(Object.keys(chipModels) as ChipName[])("esptool-js in this process, on a %s", (name) => {
  const model = chipModels[name];

  it("resets it into its loader, writes a system with its stub, reads it back, and the board boots it", async () => {
    await using fixture = await ChipFixture.start({ chip: name, blank: true });
    await fixture.board.powerOn();
    const port = new LinkSerialPort(fixture.board.openSerial());
    const transport = new Transport(port as never, false);
    transport.trace = () => {};
    const terminal = { clean: () => {}, write: () => {}, writeLine: () => {} };
    const loader = new ESPLoader({ transport, baudrate: 460_800, romBaudrate: 115_200, terminal, debugLogging: false });
    expect(await loader.main("default_reset")).toContain(model.title);
    expect(port.baudRates).toEqual([115_200, 460_800]);
    expect(await loader.detectFlashSize()).toBe("4MB");
    expect((await loader.chip.readMac(loader)).replaceAll(":", "")).toBe(
      Buffer.from(fixture.board.mac).toString("hex"),
    );
    const main = { kind: "file", path: "/main.py", data: new TextEncoder().encode("print('from', 'js')\n") } as const;
    const application = makeApplication(model, { sizeBytes: 100_000 });
    await loader.writeFlash({
      fileArray: [
        { address: model.bootloaderOffset, data: makeBootloader(model) },
        { address: 0x8000, data: encodePartitionTable(layoutTable("default", 0x400000), md5) },
        { address: 0x10000, data: application },
        { address: 0x200000, data: makeLittlefs([main], { sizeBytes: 0x200000 }).subarray(0, 0x4000) },
      ],
      flashSize: "keep",
      flashMode: "keep",
      flashFreq: "keep",
      eraseAll: false,
      compress: true,
      reportProgress: () => {},
      calculateMD5Hash: md5Hex,
    });
    expect(await loader.flashMd5sum(0x10000, application.length)).toBe(md5Hex(application));
    const back = await loader.readFlash(0x10000, 8192);
    expect(Buffer.compare(back, application.subarray(0, 8192))).toBe(0);
    fixture.take();
    await port.setSignals({ dataTerminalReady: false, requestToSend: true });
    await port.setSignals({ dataTerminalReady: false, requestToSend: false });
    expect(await fixture.waitFor("from js")).toContain(model.bootModes.flash);
    await transport.disconnect();
  });

  it("erases it", async () => {
    await using fixture = await ChipFixture.start({ chip: name });
    await fixture.board.powerOn();
    const transport = new Transport(new LinkSerialPort(fixture.board.openSerial()) as never, false);
    transport.trace = () => {};
    const terminal = { clean: () => {}, write: () => {}, writeLine: () => {} };
    const loader = new ESPLoader({ transport, baudrate: 115_200, romBaudrate: 115_200, terminal, debugLogging: false });
    await loader.main("default_reset");
    await loader.eraseFlash();
    await transport.disconnect();
    expect(fixture.board.chip.flash.read(0, 0x400000).every((byte) => byte === 0xff)).toBe(true);
  });
});
