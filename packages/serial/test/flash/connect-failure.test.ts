import fc from "fast-check";
import { expect, test } from "vitest";
import { connectFailure } from "../../src/flash/connect-failure.ts";

function failure(text: string, canReset = true): ReturnType<typeof connectFailure> {
  const received = new TextEncoder().encode(text);
  return connectFailure({ url: "/dev/ttyUSB0", received, receivedBytes: received.length, canReset });
}

test.each([
  ["", "flash/nothing-received"],
  ["rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n", "flash/not-download-mode"],
  ["boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n", "flash/no-sync"],
  ["boot:0x0 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n", "flash/no-sync"],
  ["rst:0x1,boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nrst:0x1,boot:0x3 (DOWNLOAD_BOOT(UA", "flash/no-sync"],
  ["waiting for download\r\nrst:0x1,boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n", "flash/not-download-mode"],
  ["temperature 21.5\r\n", "flash/noise"],
])("%j is %s", (text, code) => {
  expect(failure(text).code).toBe(code);
});

test("whatever comes, there is a hint that says what to do, and what came is shown as text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), (received, canReset) => {
      const error = connectFailure({ url: "here", received, receivedBytes: received.length, canReset });
      expect(error.code).toMatch(/^flash\//);
      expect(error.hint).toMatch(/BOOT|TX/);
      expect(error.message).not.toMatch(/\p{Cc}/u);
    }),
    { examples: [[Uint8Array.from([0xc2, 0x80]), false]] },
  );
});
