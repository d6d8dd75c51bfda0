import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeSlip, SLIP_MAX_BYTES, SlipDecoder } from "../src/slip.ts";

const packets = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });

describe("SLIP", () => {
  it("finds the packets that were encoded, wherever the stream is cut", () => {
    fc.assert(
      fc.property(packets, fc.integer({ min: 1, max: 50 }), (sent, step) => {
        const stream = Buffer.concat(sent.map(encodeSlip));
        const decoder = new SlipDecoder();
        const found: Uint8Array[] = [];
        for (let at = 0; at < stream.length; at += step) found.push(...decoder.feed(stream.subarray(at, at + step)));
        expect(found).toEqual(sent);
      }),
    );
  });

  it("passes over noise outside of packets, and finds the packet behind a broken one", () => {
    const decoder = new SlipDecoder();
    const good = encodeSlip(Uint8Array.of(1, 0xc0, 2, 0xdb, 3));
    const stream = Buffer.concat([Uint8Array.of(1, 2, 3), good, Uint8Array.of(0xc0, 5, 0xdb, 7, 8, 0xc0), good]);
    expect(decoder.feed(stream)).toEqual([Uint8Array.of(1, 0xc0, 2, 0xdb, 3), Uint8Array.of(1, 0xc0, 2, 0xdb, 3)]);
  });

  it("keeps no more than one packet, whatever comes", () => {
    const decoder = new SlipDecoder();
    decoder.feed(Uint8Array.of(0xc0));
    for (let chunk = 0; chunk < 100; chunk++) expect(decoder.feed(new Uint8Array(1000).fill(7))).toEqual([]);
    expect(decoder.pendingBytes).toBeLessThanOrEqual(SLIP_MAX_BYTES);
    decoder.feed(Uint8Array.of(0xc0));
    expect(decoder.feed(encodeSlip(Uint8Array.of(9)))).toEqual([Uint8Array.of(9)]);
  });

  it("takes any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const decoder = new SlipDecoder();
        for (const packet of decoder.feed(bytes)) expect(packet.length).toBeGreaterThan(0);
      }),
    );
  });
});
