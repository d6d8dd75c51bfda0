import { LinkError, decodeLoaderReply, loaderCommand, formatLatin1 } from "@espx/proto";
import type { StubProgram } from "./chip-catalogue.ts";
import type { Loader } from "./loader.ts";

/** Block to RAM; over USB OTG the ROM takes less. */
const ramBlockBytes = 0x1800;
const usbOtgBlockBytes = 0x800;
const greeting = "OHAI";
const startTimeoutMs = 3000;

/**
 * Puts a flasher stub into RAM and starts it.
 *
 * @throws LinkError `flash/stub-not-started` when it does not say that it runs; and as `Loader`
 */
export async function uploadStub(
  rom: Loader,
  stub: StubProgram,
  options: { readonly isUsbOtg: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const bytes = options.isUsbOtg ? usbOtgBlockBytes : ramBlockBytes;
  for (const { address, bytes: content } of stub.segments) {
    if (content.length === 0) continue;
    const count = Math.ceil(content.length / bytes);
    await rom.memoryBegin(content.length, { count, bytes }, address);
    for (let block = 0; block < count; block++) {
      await rom.memoryBlock(block, content.subarray(block * bytes, (block + 1) * bytes));
    }
  }
  await rom.memoryEnd(stub.entry);
  await awaitGreeting(rom, options.signal);
}

async function awaitGreeting({ port }: Loader, signal: AbortSignal | undefined): Promise<void> {
  for (let packet; (packet = await port.packet(startTimeoutMs, signal)) !== undefined;) {
    if (formatLatin1(packet) === greeting) return;
    // The answer to MEM_END may come before the greeting, or not at all.
    if (decodeLoaderReply(packet)?.op !== loaderCommand.memEnd) break;
  }
  throw new LinkError("flash/stub-not-started", "the flasher stub in the chip's RAM does not start", {
    hint: "press the board's reset button and try again; when it stays so, take it with --no-stub",
  });
}
