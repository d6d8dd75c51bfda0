import { decodeWords, loaderFailure, type LoaderFailure, type LoaderRequest } from "@espx/proto";
import { createHash } from "node:crypto";
import { FlashDownload } from "./flash-download.ts";
import type { FlashAccess } from "./flash-memory.ts";
import { FlashReader, readBlockMax } from "./flash-reader.ts";
import { eraseMs, type FlashTiming } from "./flash-timing.ts";
import { type Answer, checkedBlock } from "./loader-answer.ts";

/** What the commands on flash need of their loader. */
export interface FlashCommandOwner {
  readonly flash: FlashAccess;
  readonly timing: FlashTiming;
  /** Whether a stub answers, which has other blocks, erases while it writes, and sends digests as bytes. */
  isStub(): boolean;
  /** Sends a packet that is no answer. */
  send(packet: Uint8Array): void;
  /** Lets a busy flash's time pass. */
  sleep(ms: number): Promise<void>;
}

/** Bytes of one READ_FLASH_SLOW answer, whatever was asked. */
const slowReadBytes = 64;

/** What one piece of flash is hashed in. */
const hashStepBytes = 65_536;

/** The commands of ROM and stub that read, erase and write flash. */
export class FlashCommands {
  readonly #owner: FlashCommandOwner;
  #download: FlashDownload | undefined;
  #reader: FlashReader | undefined;
  /** What the stub still writes while it takes the next block. */
  #writing: Promise<LoaderFailure | undefined> = Promise.resolve(undefined);

  constructor(owner: FlashCommandOwner) {
    this.#owner = owner;
  }

  /** Resolves when nothing is being written any more, with the reason if it could not be. */
  written(): Promise<LoaderFailure | undefined> {
    return this.#writing;
  }

  close(): void {
    this.#download?.close();
  }

  /** Whether a read waits for acknowledgements. */
  get isReading(): boolean {
    return this.#reader !== undefined;
  }

  /** Takes how many bytes of a read have arrived at the host, and sends the next ones. */
  acknowledge(received: number): void {
    if (this.#reader?.advance(received) === true) this.#reader = undefined;
  }

  /** Another command came: a read that was not acknowledged to its end is over. */
  stopReading(): void {
    this.#reader = undefined;
  }

  /** Sizes are those that the host announced: the ROM erases them at once. */
  async begin(data: Uint8Array, isCompressed: boolean): Promise<Answer> {
    const words = decodeWords(data, 4);
    if (words === undefined) return { failure: loaderFailure.invalidMessage };
    const [sizeBytes = 0, blocks = 0, blockBytes = 0, offset = 0] = words;
    const plan = { offset, isCompressed, erasesAhead: !this.#owner.isStub() };
    const writtenBytes = isCompressed ? sizeBytes : Math.max(sizeBytes, blocks * blockBytes);
    const flashBytes = this.#owner.flash.sizeBytes;
    if (offset + sizeBytes > flashBytes) return { failure: loaderFailure.failedToAct };
    await this.#writing;
    this.#download?.close();
    this.#download = new FlashDownload(
      { ...plan, sizeBytes: Math.min(writtenBytes, flashBytes - offset) },
      { flash: this.#owner.flash, timing: this.#owner.timing, spend: (ms) => this.#spend(ms) },
    );
    return this.#owner.isStub() || sizeBytes === 0 ? {} : this.erase(offset, sizeBytes);
  }

  /** The stub answers when it has a block and writes it while the next one comes; its failure shows there. */
  async block(request: LoaderRequest): Promise<Answer> {
    const download = this.#download;
    if (download === undefined) return { failure: loaderFailure.invalidMessage };
    return checkedBlock(request, async (bytes, sequence) => {
      const earlier = await this.#writing;
      const order = download.accepts(sequence);
      if (earlier !== undefined || order === "again") return earlier;
      if (order === "wrong") return loaderFailure.invalidMessage;
      const writing = download.write(bytes);
      if (!this.#owner.isStub()) return writing;
      this.#writing = writing;
      return undefined;
    });
  }

  async md5(data: Uint8Array): Promise<Answer> {
    const [offset = 0, size = 0] = decodeWords(data, 2) ?? [];
    await this.#writing;
    if (offset + size > this.#owner.flash.sizeBytes) return { failure: loaderFailure.flashReadError };
    const md5 = createHash("md5");
    for (let at = 0; at < size; at += hashStepBytes) {
      md5.update(this.#owner.flash.read(offset + at, Math.min(hashStepBytes, size - at)));
    }
    return { data: this.#owner.isStub() ? new Uint8Array(md5.digest()) : new TextEncoder().encode(md5.digest("hex")) };
  }

  startReading(data: Uint8Array): Answer {
    const words = decodeWords(data, 4);
    if (words === undefined) return { failure: loaderFailure.invalidMessage };
    const [offset = 0, sizeBytes = 0, blockBytes = 0, inFlight = 0] = words;
    const { flash } = this.#owner;
    if (offset + sizeBytes > flash.sizeBytes || blockBytes === 0 || blockBytes > readBlockMax || inFlight === 0) {
      return { failure: loaderFailure.flashReadLength };
    }
    this.#reader = new FlashReader({ offset, sizeBytes, blockBytes, inFlight }, flash, (packet) =>
      this.#owner.send(packet),
    );
    return {};
  }

  readSlow(data: Uint8Array): Answer {
    const [offset = 0, size = 0] = decodeWords(data, 2) ?? [];
    if (size > slowReadBytes || offset + size > this.#owner.flash.sizeBytes)
      return { failure: loaderFailure.flashReadLength };
    const bytes = new Uint8Array(slowReadBytes);
    bytes.set(this.#owner.flash.read(offset, size));
    return { data: bytes };
  }

  async erase(offset: number, size: number): Promise<Answer> {
    if (offset + size > this.#owner.flash.sizeBytes) return { failure: loaderFailure.failedToAct };
    this.#owner.flash.erase(offset, size);
    await this.#spend(eraseMs(this.#owner.timing, offset, size));
    return {};
  }

  async #spend(ms: number): Promise<void> {
    if (ms > 0) await this.#owner.sleep(ms);
  }
}
