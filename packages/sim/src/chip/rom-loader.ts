import {
  decodeLoaderRequest,
  decodeWords,
  encodeLoaderReply,
  encodeSlip,
  type LoaderAnswer,
  loaderCommand,
  loaderFailure,
  type LoaderRequest,
  SlipDecoder,
} from "@espx/proto";
import { type ChipFaults, securityInfo, spoiledBaud } from "./chip-faults.ts";
import type { ChipModel } from "./chip-model.ts";
import { ChipRegisters } from "./chip-registers.ts";
import { FlashCommands } from "./flash-commands.ts";
import type { FlashAccess } from "./flash-memory.ts";
import type { FlashTiming } from "./flash-timing.ts";
import { type Answer, answerOf, checkedBlock, withWords } from "./loader-answer.ts";
import { RamDownload } from "./ram-download.ts";
import type { RtcWatchdog } from "./rtc-watchdog.ts";

/** What a loader needs of its chip. */
export interface RomOwner {
  readonly model: ChipModel;
  readonly mac: Uint8Array;
  readonly flash: FlashAccess;
  readonly timing: FlashTiming;
  readonly faults: ChipFaults;
  readonly watchdog: RtcWatchdog;
  nowUs(): number;
  /** A register was written, by which the watchdog may have been set. */
  registersWritten(): void;
  send(bytes: Uint8Array): void;
  /** Lets a busy flash's time pass. */
  sleep(ms: number): Promise<void>;
  /** The loader ends: the chip runs what is in flash, or starts over in the mode its pins said. */
  leave(next: "flash" | "download"): void;
}

/** Baud rate of the ROM; it follows the host's at the first SYNC, whatever that is. */
const romBaudRate = 115_200;

/** The value of the ROM's answer to SYNC; a stub says 0, by which tools know it. */
const romSyncValue = 0x20120707;

/** What the ROM takes in Secure Download Mode. @source esptool documentation, "Serial Protocol" */
const lockedCommands: ReadonlySet<number> = new Set([
  loaderCommand.sync,
  loaderCommand.spiAttach,
  loaderCommand.spiSetParameters,
  loaderCommand.changeBaud,
  loaderCommand.flashBegin,
  loaderCommand.flashData,
  loaderCommand.flashEnd,
  loaderCommand.securityInfo,
]);

/** Tools wait for this many answers to one SYNC. */
const syncAnswers = 8;

/**
 * The serial loader in the chip's ROM, and the flasher stub that a tool puts into RAM, as tools see them.
 *
 * Commands are answered one after the other. The stub's code is recognised, not run: its commands are done here.
 *
 * @source esptool documentation, "Serial Protocol"; esptool 5.6, loader.py
 */
export class RomLoader {
  readonly #owner: RomOwner;
  readonly #slip = new SlipDecoder();
  readonly #ram = new RamDownload();
  readonly #registers: ChipRegisters;
  #state: "rom" | "stub" | "lost" | "left" = "rom";
  #baudRate = romBaudRate;
  #isTold = false;
  readonly #flash: FlashCommands;
  #work: Promise<void> = Promise.resolve();

  constructor(owner: RomOwner) {
    this.#owner = owner;
    const { model, mac, flash, timing, faults, watchdog } = owner;
    this.#flash = new FlashCommands({
      flash,
      timing,
      isStub: () => this.isStub,
      send: (packet) => owner.send(encodeSlip(packet)),
      sleep: (ms) => owner.sleep(ms),
    });
    const flashBytes = flash.sizeBytes;
    this.#registers = new ChipRegisters({
      model,
      mac,
      flashBytes,
      faults,
      watchdog,
      baudRate: () => this.#baudRate,
      nowUs: () => owner.nowUs(),
    });
  }

  /** Whether a stub answers. */
  get isStub(): boolean {
    return this.#state === "stub";
  }

  /** Rate at which it listens; undefined as long as it follows the host's, which the ROM does until it is told one. */
  get lineBaud(): number | undefined {
    if (!this.#isTold) return undefined;
    const isSpoiled = this.#baudRate > (this.#owner.faults.maxBaudRate ?? Infinity);
    return isSpoiled ? spoiledBaud(this.#baudRate) : this.#baudRate;
  }

  /** Takes what came over the serial line. */
  feed(bytes: Uint8Array): void {
    for (const packet of this.#slip.feed(bytes)) this.#work = this.#work.then(() => this.#take(packet));
  }

  /** Resolves when all that came so far is done, the flash's time included. */
  async idle(): Promise<void> {
    await this.#work;
    await this.#flash.written();
  }

  /** The chip is reset: nothing more is answered. */
  close(): void {
    this.#state = "left";
    this.#flash.close();
  }

  async #take(packet: Uint8Array): Promise<void> {
    if (this.#state === "left" || this.#state === "lost") return;
    if (this.#flash.isReading && packet.length === 4) return this.#flash.acknowledge(decodeWords(packet, 1)?.[0] ?? 0);
    const request = decodeLoaderRequest(packet);
    if (request === undefined) return;
    this.#flash.stopReading();
    const answer = await this.#obey(request);
    if (answer !== "silent") this.#reply({ ...answer, op: request.op });
    this.#after(request);
  }

  #reply(reply: LoaderAnswer): void {
    if (this.#state === "left") return;
    this.#owner.send(encodeSlip(encodeLoaderReply(reply, this.isStub ? 2 : 4)));
  }

  /** What follows an answer: the stub's greeting, packets of a read, the end of the loader, another baud rate. */
  #after({ op, data }: LoaderRequest): void {
    const [first = 0, second = 0] = decodeWords(data, 2) ?? decodeWords(data, 1) ?? [];
    if (op === loaderCommand.memEnd && this.#state === "rom" && first === 0) this.#start(second);
    else if (op === loaderCommand.readFlash) this.#flash.acknowledge(0);
    else if (op === loaderCommand.changeBaud && first > 0) this.#changeBaud(first);
    else if (op === loaderCommand.runUserCode && this.isStub) this.#leave("flash");
    else if (op === loaderCommand.flashEnd || op === loaderCommand.deflateEnd) this.#endDownload(first);
  }

  #changeBaud(baudRate: number): void {
    this.#baudRate = baudRate;
    this.#isTold = true;
  }

  /** A program that is no stub would be run by the chip; here it ends what can be done until a reset. */
  #start(entry: number): void {
    this.#state = this.#ram.isStub(entry) ? "stub" : "lost";
    this.#ram.reset();
    if (this.isStub) this.#owner.send(encodeSlip(new TextEncoder().encode("OHAI")));
  }

  /** 0 is a software reset, which keeps the boot mode that the pins gave; else the ROM runs what is in flash, a stub stays. */
  #endDownload(stays: number): void {
    if (stays === 0) this.#leave("download");
    else if (!this.isStub) this.#leave("flash");
  }

  #leave(next: "flash" | "download"): void {
    this.close();
    this.#owner.leave(next);
  }

  async #obey(request: LoaderRequest): Promise<Answer> {
    const { op, data } = request;
    if (this.#owner.faults.secureDownload === true && !lockedCommands.has(op)) return this.#unknown();
    switch (op) {
      case loaderCommand.sync:
        return this.#sync();
      case loaderCommand.readRegister:
        return withWords(data, 1, ([address]) => ({ value: this.#registers.read(address as number) }));
      case loaderCommand.writeRegister:
        return this.#writeRegisters(data);
      case loaderCommand.spiSetParameters:
      case loaderCommand.spiAttach:
      case loaderCommand.memEnd:
      case loaderCommand.changeBaud:
        return {};
      case loaderCommand.flashEnd:
      case loaderCommand.deflateEnd:
        return answerOf(await this.#flash.written());
      case loaderCommand.memBegin:
        return withWords(data, 4, (words) => (this.#ram.begin(words[3] as number), {}));
      case loaderCommand.memData:
        return checkedBlock(request, (bytes) => (this.#ram.add(bytes) ? undefined : loaderFailure.failedToAct));
      case loaderCommand.flashBegin:
      case loaderCommand.deflateBegin:
        return this.#flash.begin(data, op === loaderCommand.deflateBegin);
      case loaderCommand.flashData:
      case loaderCommand.deflateData:
        return this.#flash.block(request);
      case loaderCommand.flashMd5:
        return this.#flash.md5(data);
      case loaderCommand.securityInfo:
        return this.#owner.model.hasSecurityInfo
          ? { data: securityInfo(this.#owner.model.imageChipId, this.#owner.faults) }
          : this.#unknown();
      case loaderCommand.readFlashSlow:
        return this.isStub ? this.#unknown() : this.#flash.readSlow(data);
      default:
        return this.isStub ? this.#obeyStub(op, data) : this.#unknown();
    }
  }

  async #obeyStub(op: number, data: Uint8Array): Promise<Answer> {
    await this.#flash.written();
    switch (op) {
      case loaderCommand.eraseFlash:
        return this.#flash.erase(0, this.#owner.flash.sizeBytes);
      case loaderCommand.eraseRegion:
        return withWords(data, 2, ([offset, size]) => this.#flash.erase(offset as number, size as number));
      case loaderCommand.readFlash:
        return this.#flash.startReading(data);
      case loaderCommand.runUserCode:
        return "silent";
      default:
        return this.#unknown();
    }
  }

  #sync(): Answer {
    const value = this.isStub ? 0 : romSyncValue;
    for (let answer = 1; answer < syncAnswers; answer++) this.#reply({ op: loaderCommand.sync, value });
    return { value };
  }

  /** The ROM repeats its refusal, under another command's number, by which tools tell it from a command that failed. */
  #unknown(): Answer {
    if (this.isStub) return { failure: loaderFailure.invalidMessage };
    for (let answer = 0; answer < syncAnswers; answer++) this.#reply({ op: 0, failure: loaderFailure.invalidMessage });
    return "silent";
  }

  #writeRegisters(data: Uint8Array): Answer {
    const words = decodeWords(data, Math.floor(data.length / 16) * 4) ?? [];
    if (words.length === 0) return { failure: loaderFailure.invalidMessage };
    for (let at = 0; at < words.length; at += 4) {
      const [address = 0, value = 0, mask = 0] = words.slice(at, at + 3);
      this.#registers.write(address, value, mask);
    }
    this.#owner.registersWritten();
    return {};
  }
}
