import { encodeLoaderBlock, encodeWords, isEspxError, loaderChecksum, loaderCommand, parseHex } from "@espx/proto";
import { defaultTimeoutMs, type LoaderPort } from "./loader-port.ts";
import type { RegisterReader } from "./chip-catalogue.ts";
import type { Registers } from "./spi-flash.ts";

const mebibyte = 1024 * 1024;

/** How long a chip may take for what it does to flash, at least {@link defaultTimeoutMs}. @source esptool 5.6, loader.py */
const msPerMebibyte = { erase: 30_000, write: 40_000, md5: 8_000 } as const;
const eraseAllTimeoutMs = 120_000;

/** Bytes of a block that goes to flash, by who takes it. */
const blockBytes = { rom: 0x400, stub: 0x4000, usbOtg: 0x800 } as const;

/** What stands there tells old chips apart. */
export const magicAddress = 0x40001000;
const pingTimeoutMs = 1000;

export interface LoaderOptions {
  readonly isStub: boolean;
  /** The ROM talks over USB OTG: small blocks. */
  readonly isUsbOtg: boolean;
  /** The ROM takes plain downloads only, and answers no question: Secure Download Mode. */
  readonly isLocked?: boolean | undefined;
  /** Chips since the ESP32-S2 are told with a download whether to encrypt it. */
  readonly takesEncryption: boolean;
  readonly baudRate: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The commands of a ROM loader or stub, each a method.
 *
 * @throws DeviceError `flash/command-unknown`, `flash/command-refused`; LinkError `flash/no-answer`, `link/lost`;
 *   CanceledError `serial/canceled`, all of them from every method
 */
export class Loader implements Registers, RegisterReader {
  readonly port: LoaderPort;
  readonly isStub: boolean;
  readonly #options: LoaderOptions;
  readonly #signal: AbortSignal | undefined;
  #baudRate: number;

  constructor(port: LoaderPort, options: LoaderOptions) {
    this.port = port;
    this.isStub = options.isStub;
    this.#options = options;
    this.#baudRate = options.baudRate;
    this.#signal = options.signal;
  }

  get isLocked(): boolean {
    return this.#options.isLocked ?? false;
  }

  get baudRate(): number {
    return this.#baudRate;
  }

  /** The same loader at the same rate, called off by another signal, or by none. */
  withSignal(signal: AbortSignal | undefined): Loader {
    return new Loader(this.port, { ...this.#options, baudRate: this.#baudRate, signal });
  }

  /** Bytes of one block to flash. */
  get writeBlockBytes(): number {
    if (this.#options.isUsbOtg) return blockBytes.usbOtg;
    return this.isStub ? blockBytes.stub : blockBytes.rom;
  }

  async readRegister(address: number): Promise<number> {
    return (await this.#run(loaderCommand.readRegister, encodeWords(address))).value;
  }

  /** Asks for what every chip has, and does not wait long for it. */
  async ping(): Promise<void> {
    if (this.isLocked) return this.#pingLocked();
    await this.#run(loaderCommand.readRegister, encodeWords(magicAddress), { timeoutMs: pingTimeoutMs });
  }

  /** How long what it answers is differs by chip, so that one length or the other reads as a refusal: an answer it is. */
  async #pingLocked(): Promise<void> {
    try {
      await this.#run(loaderCommand.securityInfo, new Uint8Array(), { replyBytes: 20, timeoutMs: pingTimeoutMs });
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }

  async writeRegister(address: number, value: number): Promise<void> {
    await this.#run(loaderCommand.writeRegister, encodeWords(address, value, 0xffffffff, 0));
  }

  /** @returns undefined on a chip that has no such command */
  async securityInfo(): Promise<Uint8Array | undefined> {
    for (const replyBytes of [20, 12]) {
      try {
        return (await this.#run(loaderCommand.securityInfo, new Uint8Array(), { replyBytes })).data;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        await this.port.settle(20, this.#signal);
      }
    }
    return undefined;
  }

  /** Connects the flash chip, and tells the loader its size. */
  async attachFlash(): Promise<void> {
    await this.#run(loaderCommand.spiAttach, this.isStub ? encodeWords(0) : encodeWords(0, 0));
  }

  async setFlashSize(sizeBytes: number): Promise<void> {
    await this.#run(loaderCommand.spiSetParameters, encodeWords(0, sizeBytes, 64 * 1024, 4096, 256, 0xffff));
  }

  /** The chip answers, then both sides go over to the new rate. */
  async changeBaud(baudRate: number): Promise<void> {
    const { link, clock } = this.port;
    await this.#run(loaderCommand.changeBaud, encodeWords(baudRate, this.isStub ? this.#baudRate : 0));
    await link.setBaud(baudRate);
    this.#baudRate = baudRate;
    await clock.sleep(50, this.#signal);
    this.port.flush();
  }

  /** MD5 of a range of flash: 16 bytes. */
  async md5(address: number, sizeBytes: number, extraMs = 0): Promise<Uint8Array> {
    const options = { replyBytes: this.isStub ? 16 : 32, timeoutMs: extraMs + timeoutFor("md5", sizeBytes) };
    const { data } = await this.#run(loaderCommand.flashMd5, encodeWords(address, sizeBytes, 0, 0), options);
    // The ROM sends the digest as text.
    return this.isStub ? data : parseHex(new TextDecoder().decode(data));
  }

  /** Begins a download of bytes as they are, whose place is erased first. */
  async beginPlain(address: number, sizeBytes: number): Promise<void> {
    const blocks = Math.ceil(sizeBytes / this.writeBlockBytes);
    const plan = this.#downloadPlan(sizeBytes, blocks, address);
    await this.#run(loaderCommand.flashBegin, plan, { timeoutMs: timeoutFor("erase", sizeBytes) });
  }

  /** One block of such a download, as long as a block is. */
  async sendPlain(sequence: number, bytes: Uint8Array): Promise<void> {
    await this.#run(loaderCommand.flashData, encodeLoaderBlock(sequence, bytes), { checksum: loaderChecksum(bytes) });
  }

  /** Begins a compressed download; the ROM erases what it will take, a stub erases while it writes. */
  async beginDeflated(address: number, sizeBytes: number, deflatedBytes: number): Promise<void> {
    const blocks = Math.ceil(deflatedBytes / this.writeBlockBytes);
    const timeoutMs = this.isStub ? defaultTimeoutMs : timeoutFor("erase", sizeBytes);
    const plan = this.#downloadPlan(sizeBytes, blocks, address);
    await this.#run(loaderCommand.deflateBegin, plan, { timeoutMs });
  }

  /** One block of a compressed download; `sizeBytes` is about what it unpacks to. */
  async sendDeflated(sequence: number, bytes: Uint8Array, sizeBytes: number): Promise<void> {
    await this.#run(loaderCommand.deflateData, encodeLoaderBlock(sequence, bytes), {
      checksum: loaderChecksum(bytes),
      timeoutMs: timeoutFor("write", sizeBytes),
    });
  }

  /** @returns after the range is 0xff */
  async eraseRegion(address: number, sizeBytes: number): Promise<void> {
    const timeoutMs = timeoutFor("erase", sizeBytes);
    if (this.isStub) await this.#run(loaderCommand.eraseRegion, encodeWords(address, sizeBytes), { timeoutMs });
    // The ROM has no command for it, but erases what a download is going to take.
    else await this.#run(loaderCommand.flashBegin, this.#downloadPlan(sizeBytes, 0, address), { timeoutMs });
  }

  async eraseAll(flashBytes: number): Promise<void> {
    if (!this.isStub) return this.eraseRegion(0, flashBytes);
    await this.#run(loaderCommand.eraseFlash, new Uint8Array(), { timeoutMs: eraseAllTimeoutMs });
  }

  /** Lets the chip run what is in flash, without a reset; not answered. */
  async runFlash(): Promise<void> {
    if (this.isStub) await this.port.send(loaderCommand.runUserCode, new Uint8Array());
    else await this.#run(loaderCommand.flashEnd, encodeWords(1)).catch(() => undefined);
  }

  async memoryBegin(sizeBytes: number, block: { readonly count: number; readonly bytes: number }, address: number) {
    await this.#run(loaderCommand.memBegin, encodeWords(sizeBytes, block.count, block.bytes, address));
  }

  async memoryBlock(sequence: number, bytes: Uint8Array): Promise<void> {
    await this.#run(loaderCommand.memData, encodeLoaderBlock(sequence, bytes), { checksum: loaderChecksum(bytes) });
  }

  /** Starts a program in RAM; some ROMs start it before they have answered. */
  async memoryEnd(entry: number): Promise<void> {
    await this.port.send(loaderCommand.memEnd, encodeWords(entry === 0 ? 1 : 0, entry));
  }

  async slowRead(address: number, sizeBytes: number): Promise<Uint8Array> {
    const answer = await this.#run(loaderCommand.readFlashSlow, encodeWords(address, sizeBytes), { replyBytes: 64 });
    return answer.data.slice(0, sizeBytes);
  }

  async beginRead(plan: {
    readonly address: number;
    readonly sizeBytes: number;
    readonly packetBytes: number;
    readonly inFlight: number;
  }): Promise<void> {
    const { address, sizeBytes, packetBytes, inFlight } = plan;
    await this.#run(loaderCommand.readFlash, encodeWords(address, sizeBytes, packetBytes, inFlight));
  }

  #downloadPlan(sizeBytes: number, blocks: number, address: number): Uint8Array {
    const plain = [sizeBytes, blocks, this.writeBlockBytes, address];
    return this.#options.takesEncryption && !this.isStub ? encodeWords(...plain, 0) : encodeWords(...plain);
  }

  #run(op: number, data: Uint8Array, options: Omit<Parameters<LoaderPort["command"]>[1] & object, "data"> = {}) {
    const lineMs = lineMsOf(data.length + (options.replyBytes ?? 0), this.#baudRate);
    const timeoutMs = lineMs + (options.timeoutMs ?? defaultTimeoutMs);
    return this.port.command(op, { ...options, data, timeoutMs, signal: this.#signal });
  }
}

/** How long bytes are on a line at most: ten bits each, and SLIP may make two of one. */
export function lineMsOf(bytes: number, baudRate: number): number {
  return (bytes * 2 * 10 * 1000) / baudRate;
}

/** Whether a chip answered that it will not. */
export function isRefusal(error: unknown): boolean {
  return isEspxError(error, "flash/command-unknown") || isEspxError(error, "flash/command-refused");
}

function timeoutFor(work: keyof typeof msPerMebibyte, sizeBytes: number): number {
  return defaultTimeoutMs + (sizeBytes / mebibyte) * msPerMebibyte[work];
}
