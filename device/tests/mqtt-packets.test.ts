import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { closeWorlds, runScript } from "./harness.ts";

afterEach(closeWorlds);

const prelude = `
import json
from binascii import hexlify, unhexlify
from espx.mqtt_packets import *
def show(data): print(hexlify(data).decode())
`;

describe("MQTT packets", () => {
  // Written down by hand from OASIS MQTT 3.1.1, sections 3.1 to 3.14.
  it("E27 encodes packets byte for byte", async () => {
    const lines = await runScript(
      `${prelude}
show(encode_connect("dev"))
show(encode_connect("dev", "me", "pw", 60, ("stat/x", "off", True, 1)))
show(encode_connect("d", user="u", clean=False))
show(encode_connect("d", will=("t", b"", False, 2)))
show(encode_publish("stat/D/Rate", "1"))
show(encode_publish("a", b"\\x00\\xff", True))
show(encode_subscribe(1, ["a/b"]))
show(encode_subscribe(65535, ["a", "b"]))
show(encode_puback(258))
show(PING + DISCONNECT)
show(encode_publish("t", "x" * 124)[:6])
show(encode_publish("t", "x" * 125)[:6])
show(encode_publish("ü", "é"))`,
      1000,
    );
    expect(lines).toEqual([
      "100f00044d515454040200000003646576",
      "102400044d51545404ee003c00036465760006737461742f7800036f666600026d6500027077",
      "101000044d5154540480000000016400" + "0175",
      "101200044d51545404160000000164000174" + "0000",
      "300e000b737461742f442f5261746531",
      "31050001" + "6100ff",
      "820800010003612f6200",
      "820affff0001610000016200",
      "40020102",
      "c000e000",
      "307f00017478",
      "3180010001".replace("31", "30") + "74",
      "30060002c3bcc3a9",
    ]);
  });

  it("E27 decodes a publication, and refuses what is none", async () => {
    const lines = await runScript(
      `${prelude}
for first, body in ((0x30, "0001616869"), (0x39, "000161"), (0x32, "00016101026869"), (0x34, "0001610001"), (0x30, "0005616869"),
                    (0x30, ""), (0x30, "0000"), (0x30, "0001ff"), (0x32, "00016101")):
    try:
        print(decode_publish(first, unhexlify(body)))
    except MQTTError as error:
        print("error", error.number)`,
      1000,
    );
    expect(lines).toEqual([
      "('a', b'hi', False, False, None)",
      "('a', b'', True, True, None)",
      "('a', b'hi', False, False, 258)",
      ...Array(6).fill("error 6"),
    ]);
  });

  it("E27 refuses texts over 65535 bytes", async () => {
    const lines = await runScript(
      `${prelude}
try:
    encode_publish("t" * 65536, "")
except MQTTError as error:
    print(error.number)`,
      1000,
    );
    expect(lines).toEqual(["4"]);
  });

  it("E27 reads packets however the stream is cut, and passes over those that are too long", async () => {
    const packets = fc.array(
      fc.oneof(
        fc.constantFrom("d000", "20020000", "9003000100", "40020001"),
        fc.uint8Array({ minLength: 0, maxLength: 300 }).map((body) => `30${length(body.length)}${hex(body)}`),
      ),
      { maxLength: 6 },
    );
    const cases = fc.sample(fc.tuple(packets, fc.array(fc.integer({ min: 1, max: 130 }), { minLength: 1 })), {
      numRuns: 150,
      seed: 3,
    });
    const lines = await runScript(
      `${prelude}
for packets, cuts in json.load(open("/cases.json")):
    reader, seen = Reader(200), []
    data = memoryview(unhexlify("".join(packets)))
    at = i = 0
    while at < len(data):
        seen += reader.feed(data[at:at + cuts[i % len(cuts)]])
        at += cuts[i % len(cuts)]; i += 1
    print(json.dumps([[["%02x" % first, hexlify(body).decode()] for first, body in seen], reader.skipped]))`,
      60_000,
      { "/cases.json": JSON.stringify(cases) },
    );
    const expected = cases.map(([all]) => {
      const bodies = all.map((packet) => [packet.slice(0, 2), packet.replace(/^..(?:[89a-f].)?../, "")] as const);
      const kept = bodies.filter(([, body]) => body.length <= 400);
      return [kept, bodies.length - kept.length];
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
  });

  it("E27 gives no other error than its own for random bytes, and keeps no more than a packet", async () => {
    const streams = fc.sample(fc.uint8Array({ maxLength: 400 }), { numRuns: 400, seed: 5 }).map(hex);
    const lines = await runScript(
      `${prelude}
import gc
for text in json.load(open("/streams.json")):
    reader = Reader(64)
    try:
        for first, body in reader.feed(memoryview(unhexlify(text))):
            if len(body) > 64: print("too long")
            if first & 0xF0 == 0x30:
                try: decode_publish(first, body)
                except MQTTError: pass
        if reader._body is not None and len(reader._body) > 64: print("kept too much")
    except MQTTError as error:
        if error.number != 6: print("number", error.number)
print("done")`,
      60_000,
      { "/streams.json": JSON.stringify(streams) },
    );
    expect(lines).toEqual(["done"]);
  });

  it("E27 refuses a length of five bytes", async () => {
    const lines = await runScript(
      `${prelude}
try:
    Reader(10).feed(b"\\x30\\xff\\xff\\xff\\xff\\x01")
except MQTTError as error:
    print(error)`,
      1000,
    );
    expect(lines[0]).toContain("length of more than four bytes");
  });
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A remaining length below 16384. */
function length(size: number): string {
  return hex(size < 128 ? Uint8Array.of(size) : Uint8Array.of((size & 0x7f) | 0x80, size >> 7));
}
