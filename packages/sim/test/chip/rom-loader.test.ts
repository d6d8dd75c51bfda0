import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import {
  ByteReader,
  ByteWriter,
  encodeSlip,
  loaderChecksum,
  loaderCommand,
  loaderFailure,
  SlipDecoder,
} from "@espx/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chipModels } from "../../src/chip/chip-model.ts";
import { FlashMemory } from "../../src/chip/flash-memory.ts";
import { type FlashTiming, instantFlash, typicalFlash } from "../../src/chip/flash-timing.ts";
import { RomLoader } from "../../src/chip/rom-loader.ts";
import { RtcWatchdog } from "../../src/chip/rtc-watchdog.ts";

const flashBytes = 1024 * 1024;
const mac = Uint8Array.of(1, 2, 3, 4, 5, 6);

/** A loader, and what it answers to packets. */
class Bench {
  readonly flash = new FlashMemory(flashBytes);
  readonly left: string[] = [];
  readonly watchdog = new RtcWatchdog(chipModels.esp32c3.registers.rtcWatchdog);
  spentMs = 0;
  readonly loader: RomLoader;
  readonly #decoder = new SlipDecoder();
  #packets: Uint8Array[] = [];

  constructor(name: keyof typeof chipModels = "esp32", timing: FlashTiming = instantFlash) {
    this.loader = new RomLoader({
      model: chipModels[name],
      mac,
      flash: this.flash,
      timing,
      faults: {},
      send: (bytes) => this.#packets.push(...this.#decoder.feed(bytes)),
      sleep: async (ms) => void (this.spentMs += ms),
      leave: (next) => void this.left.push(next),
      watchdog: this.watchdog,
      nowUs: () => 0,
      registersWritten: () => {},
    });
  }

  async raw(packet: Uint8Array): Promise<Uint8Array[]> {
    this.#packets = [];
    this.loader.feed(encodeSlip(packet));
    await this.loader.idle();
    return this.#packets;
  }

  send(op: number, data: Uint8Array = new Uint8Array(), checksum = 0): Promise<Uint8Array[]> {
    const header = new ByteWriter(8).u8(0).u8(op).u16le(data.length).u32le(checksum).take();
    return this.raw(Buffer.concat([header, data]));
  }

  words(op: number, ...values: readonly number[]): Promise<Uint8Array[]> {
    const writer = new ByteWriter(4 * values.length);
    for (const value of values) writer.u32le(value);
    return this.send(op, writer.take());
  }

  block(op: number, sequence: number, bytes: Uint8Array): Promise<Uint8Array[]> {
    const head = new ByteWriter(16).u32le(bytes.length).u32le(sequence).u32le(0).u32le(0).take();
    return this.send(op, Buffer.concat([head, bytes]), loaderChecksum(bytes));
  }

  async startStub(): Promise<void> {
    await this.words(loaderCommand.memBegin, 4, 1, 0x1800, 0x40080000);
    await this.block(loaderCommand.memData, 0, new TextEncoder().encode("....OHAI"));
    await this.words(loaderCommand.memEnd, 0, 0x40080000);
  }
}

/** Status and reason of an answer. */
function statusOf(packets: readonly Uint8Array[], statusBytes = 4): number[] {
  const last = packets.at(-1) as Uint8Array;
  return [...last.subarray(last.length - statusBytes).subarray(0, 2)];
}

describe("the ROM's loader", () => {
  it("answers SYNC eight times, with a value that a stub has not", async () => {
    const bench = new Bench();
    const answers = await bench.send(loaderCommand.sync, new Uint8Array(36).fill(0x55));
    expect(answers).toHaveLength(8);
    expect(answers.every((answer) => new ByteReader(answer.subarray(4)).u32le() !== 0)).toBe(true);
    await bench.startStub();
    const stubs = await bench.send(loaderCommand.sync, new Uint8Array(36).fill(0x55));
    expect(stubs.map((answer) => new ByteReader(answer.subarray(4)).u32le())).toEqual(Array(8).fill(0));
  });

  it("runs what carries a stub's greeting, and nothing else", async () => {
    const bench = new Bench();
    await bench.words(loaderCommand.memBegin, 4, 1, 0x1800, 0x40080000);
    await bench.block(loaderCommand.memData, 0, new TextEncoder().encode("....OHAI"));
    const packets = await bench.words(loaderCommand.memEnd, 0, 0x40080000);
    expect(packets.map((packet) => new TextDecoder().decode(packet)).at(-1)).toBe("OHAI");
    const other = new Bench();
    await other.words(loaderCommand.memBegin, 4, 1, 0x1800, 0x40080000);
    await other.block(loaderCommand.memData, 0, new TextEncoder().encode("some program"));
    expect(await other.words(loaderCommand.memEnd, 0, 0x40080000)).toHaveLength(1);
    expect(await other.send(loaderCommand.sync)).toEqual([]);
  });

  it("refuses what only newer chips or stubs know, in a way that tools tell from a failure", async () => {
    const answers = await new Bench().send(loaderCommand.securityInfo);
    expect(answers).toHaveLength(8);
    expect(answers[0]?.[1]).not.toBe(loaderCommand.securityInfo);
    expect(statusOf(answers)).toEqual([1, loaderFailure.invalidMessage]);
    const info = await new Bench("esp32c3").send(loaderCommand.securityInfo);
    expect(new ByteReader((info[0] as Uint8Array).subarray(8 + 12)).u32le()).toBe(5);
    expect(await new Bench().words(loaderCommand.eraseFlash)).toHaveLength(8);
  });

  it("refuses blocks with a wrong checksum, out of order, or beyond what was announced", async () => {
    const bench = new Bench();
    await bench.words(loaderCommand.flashBegin, 1024, 1, 1024, 0);
    const bytes = new Uint8Array(1024).fill(7);
    const head = new ByteWriter(16).u32le(1024).u32le(0).u32le(0).u32le(0).take();
    expect(statusOf(await bench.send(loaderCommand.flashData, Buffer.concat([head, bytes]), 1))).toEqual([
      1,
      loaderFailure.invalidChecksum,
    ]);
    expect(statusOf(await bench.block(loaderCommand.flashData, 1, bytes))).toEqual([1, loaderFailure.invalidMessage]);
    expect(statusOf(await bench.block(loaderCommand.flashData, 0, bytes))).toEqual([0, 0]);
    expect(statusOf(await bench.block(loaderCommand.flashData, 0, bytes))).toEqual([0, 0]);
    expect(statusOf(await bench.block(loaderCommand.flashData, 1, bytes))).toEqual([1, loaderFailure.flashWriteError]);
    expect(bench.flash.read(0, 1025)).toEqual(Uint8Array.from([...bytes, 0xff]));
  });

  it("refuses to write, erase, read or hash outside of the flash", async () => {
    const bench = new Bench();
    expect(statusOf(await bench.words(loaderCommand.flashBegin, 4096, 4, 1024, flashBytes))[0]).toBe(1);
    expect(statusOf(await bench.words(loaderCommand.flashMd5, 0, flashBytes + 1, 0, 0))[0]).toBe(1);
    await bench.startStub();
    expect(statusOf(await bench.words(loaderCommand.eraseRegion, flashBytes, 4096), 2)[0]).toBe(1);
    expect(statusOf(await bench.words(loaderCommand.readFlash, flashBytes, 1, 1024, 1), 2)[0]).toBe(1);
  });

  it("ends a compressed write that does not inflate, or inflates to more than was announced", async () => {
    for (const [data, size] of [
      [Uint8Array.of(1, 2, 3, 4), 4096],
      [deflateSync(new Uint8Array(500_000)), 4096],
    ] as const) {
      const bench = new Bench();
      await bench.words(loaderCommand.deflateBegin, size, 1, 0x4000, 0);
      expect(statusOf(await bench.block(loaderCommand.deflateData, 0, data))[0]).toBe(1);
    }
  });

  it("leaves for the flash, or for another start with the same boot mode", async () => {
    for (const [word, next] of [
      [1, "flash"],
      [0, "download"],
    ] as const) {
      const bench = new Bench();
      await bench.words(loaderCommand.flashBegin, 0, 0, 1024, 0);
      await bench.words(loaderCommand.flashEnd, word);
      expect(bench.left).toEqual([next]);
      expect(await bench.send(loaderCommand.sync)).toEqual([]);
    }
  });

  it("takes a flash chip's time for what it erases and writes", async () => {
    const bench = new Bench("esp32", typicalFlash);
    await bench.words(loaderCommand.flashBegin, 65_536, 64, 1024, 0);
    expect(bench.spentMs).toBe(150);
    await bench.block(loaderCommand.flashData, 0, new Uint8Array(1024));
    expect(bench.spentMs).toBeCloseTo(151.6);
    const stub = new Bench("esp32", typicalFlash);
    await stub.startStub();
    await stub.words(loaderCommand.flashBegin, 65_536, 4, 0x4000, 0);
    expect(stub.spentMs).toBe(0);
    await stub.block(loaderCommand.flashData, 0, new Uint8Array(0x4000));
    expect(stub.spentMs).toBeCloseTo(4 * 45 + 64 * 0.4);
  });

  it("sends no more of a read than may be on the way, and its MD5 when all has arrived", async () => {
    const bench = new Bench();
    bench.flash.program(0, Uint8Array.of(1, 2, 3));
    await bench.startStub();
    const first = await bench.words(loaderCommand.readFlash, 0, 10_000, 4096, 2);
    expect(first.slice(1).map(({ length }) => length)).toEqual([4096, 4096]);
    const ack = (received: number): Promise<Uint8Array[]> => bench.raw(new ByteWriter(4).u32le(received).take());
    expect((await ack(4096)).map(({ length }) => length)).toEqual([10_000 - 8192]);
    expect(await ack(8192)).toEqual([]);
    const md5 = createHash("md5").update(bench.flash.read(0, 10_000)).digest();
    expect((await ack(10_000)).map((packet) => Buffer.from(packet).toString("hex"))).toEqual([md5.toString("hex")]);
  });

  it("answers any packet, or none, and goes on", async () => {
    expect.hasAssertions();
    const packet = fc.record({ op: fc.nat(255), data: fc.uint8Array({ maxLength: 64 }), checksum: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(packet, { maxLength: 30 }), async (isStub, sent) => {
        const bench = new Bench("esp32s3");
        if (isStub) await bench.startStub();
        for (const { op, data, checksum } of sent) await bench.send(op, data, checksum);
        await bench.raw(new Uint8Array(3));
        const answers = await bench.send(loaderCommand.sync);
        expect([0, 8]).toContain(answers.length);
      }),
      { numRuns: 200 },
    );
  });
});
