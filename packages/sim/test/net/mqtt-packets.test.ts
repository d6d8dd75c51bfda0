import { isEspxError } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeClientPacket } from "../../src/net/broker/mqtt-packets.ts";
import { encodePublish } from "../../src/net/broker/mqtt-replies.ts";
import { PacketSplitter } from "../../src/net/broker/packet-splitter.ts";
import { matchesTopic } from "../../src/net/broker/topic-filter.ts";

/** Bytes that often look like the start of a packet. */
const nearlyPacket = fc
  .tuple(fc.constantFrom(0x10, 0x30, 0x32, 0x3b, 0x40, 0x82, 0xa2, 0xc0, 0xe0, 0x00), fc.uint8Array({ maxLength: 100 }))
  .map(([first, body]) => Uint8Array.of(first, body.length, ...body));

describe("the broker's packet decoder", () => {
  it("throws nothing but the documented error, whatever it is fed", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), nearlyPacket), (bytes) => {
        try {
          for (const packet of new PacketSplitter().feed(bytes)) decodeClientPacket(packet);
        } catch (error) {
          expect(error).toSatisfy((thrown: unknown) => isEspxError(thrown, "sim/mqtt-malformed"));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("gives back a published message however it was cut", () => {
    const message = fc.record({
      topic: fc.stringMatching(/^[a-z/]{1,20}$/),
      payload: fc.uint8Array({ maxLength: 500 }),
      qos: fc.constantFrom(0 as const, 1 as const),
      retain: fc.boolean(),
    });
    fc.assert(
      fc.property(message, fc.nat(600), fc.boolean(), (sent, cut, dup) => {
        const stream = encodePublish(sent, { dup, id: 7 });
        const splitter = new PacketSplitter();
        const packets = [...splitter.feed(stream.subarray(0, cut)), ...splitter.feed(stream.subarray(cut))];
        expect(packets.map(decodeClientPacket)).toEqual([
          { kind: "publish", ...sent, dup, id: sent.qos === 0 ? 0 : 7 },
        ]);
      }),
    );
  });

  it("refuses a length of five digits and one beyond a megabyte", () => {
    expect(() => new PacketSplitter().feed(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 1))).toThrow(/four digits/);
    expect(() => new PacketSplitter().feed(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f))).toThrow(/at most/);
  });
});

describe("a topic filter", () => {
  it.each([
    ["a/b", "a/b", true],
    ["a/b", "a/b/c", false],
    ["a/+", "a/b", true],
    ["a/+", "a/b/c", false],
    ["a/+/c", "a/b/c", true],
    ["a/#", "a", true],
    ["a/#", "a/b/c", true],
    ["#", "a/b", true],
    ["+", "a", true],
    ["+", "a/b", false],
    ["+/+", "/a", true],
    ["/+", "/a", true],
    ["#", "$SYS/x", false],
    ["+/x", "$SYS/x", false],
    ["$SYS/#", "$SYS/x", true],
  ])("%s on %s: %s", (filter, topic, matches) => {
    expect(matchesTopic(filter, topic)).toBe(matches);
  });
});
