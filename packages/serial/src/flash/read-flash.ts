import { LinkError, VerifyError, encodeSlip, encodeWords } from "@espx/proto";
import type { FlashTools } from "./chip-catalogue.ts";
import { defaultTimeoutMs } from "./loader-port.ts";
import { lineMsOf, type Loader } from "./loader.ts";

/** One packet of a read, and how many may be on the way: more would only wait in the adapter. */
const packetBytes = 0x1000;
const packetsInFlight = 16;
/** What the ROM gives at a time. */
const slowBytes = 64;

export interface ReadOptions {
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a range of flash, checked against the MD5 that the stub sends behind it.
 *
 * @throws VerifyError `flash/read-differs`; LinkError `flash/no-answer`, `link/lost`; CanceledError `serial/canceled`
 */
export async function readFlash(
  loader: Loader,
  range: { readonly address: number; readonly sizeBytes: number; readonly md5: FlashTools["md5"] },
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const { address, sizeBytes, md5 } = range;
  const bytes = new Uint8Array(sizeBytes);
  if (!loader.isStub) return readSlowly(loader, address, bytes, options);
  await loader.beginRead({ address, sizeBytes, packetBytes, inFlight: packetsInFlight });
  for (let done = 0; done < sizeBytes;) {
    const packet = await nextPacket(loader, options.signal);
    if (packet.length > sizeBytes - done) throw differs(address, sizeBytes);
    bytes.set(packet, done);
    done += packet.length;
    await loader.port.sendRaw(encodeSlip(encodeWords(done)), options.signal);
    options.onProgress?.(done);
  }
  const digest = await nextPacket(loader, options.signal);
  const expected = md5(bytes);
  if (digest.length !== expected.length || digest.some((byte, index) => byte !== expected[index])) {
    throw differs(address, sizeBytes);
  }
  return bytes;
}

async function readSlowly(
  loader: Loader,
  address: number,
  bytes: Uint8Array,
  { onProgress }: ReadOptions,
): Promise<Uint8Array> {
  for (let done = 0; done < bytes.length; done += slowBytes) {
    const length = Math.min(slowBytes, bytes.length - done);
    bytes.set(await loader.slowRead(address + done, length), done);
    onProgress?.(done + length);
  }
  return bytes;
}

async function nextPacket({ port, baudRate }: Loader, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const packet = await port.packet(defaultTimeoutMs + lineMsOf(packetBytes, baudRate), signal);
  if (packet !== undefined) return packet;
  throw new LinkError("flash/no-answer", "the chip stopped in the middle of a read", {
    hint: "look at the cable, or go slower: --baud 115200",
  });
}

function differs(address: number, sizeBytes: number): VerifyError {
  const where = `0x${address.toString(16)} (${sizeBytes} bytes)`;
  return new VerifyError("flash/read-differs", `what came from flash at ${where} is not what the chip sent`, {
    hint: "the line spoils bytes: go slower with --baud 115200, or take another cable",
  });
}
