import {
  type ComPortMessage,
  decodeComPort,
  encodeComPort,
  encodeTelnetData,
  encodeTelnetNegotiation,
  encodeTelnetSubnegotiation,
  formatHex,
  isEspxError,
  parseHex,
  TelnetDecoder,
  type TelnetItem,
  telnetSubnegotiationMaxBytes,
} from "@espx/proto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf, vectors } from "./vectors.ts";

interface ComPortCase {
  readonly name: string;
  readonly hex: string;
  readonly message: ComPortMessage;
}

const refused = (
  JSON.parse(readFileSync(new URL("../vectors/com-port.json", import.meta.url), "utf8")) as {
    readonly refused: readonly { readonly name: string; readonly hex: string; readonly code: string }[];
  }
).refused;

function decodeOne(bytes: Uint8Array): ComPortMessage {
  const items = new TelnetDecoder().feed(bytes);
  const item = items[0];
  if (items.length !== 1 || item?.kind !== "subnegotiation") throw new Error(`got ${JSON.stringify(items)}`);
  expect(item.option).toBe(44);
  return decodeComPort(item.bytes);
}

/** Items with neighbouring data joined, so that streams cut differently compare equal. */
function joined(items: readonly TelnetItem[]): unknown[] {
  const out: { kind: string; hex?: string; [key: string]: unknown }[] = [];
  for (const item of items) {
    const last = out.at(-1);
    if (item.kind === "data" && last?.kind === "data") last.hex += formatHex(item.bytes);
    else if (item.kind === "data" || item.kind === "subnegotiation") {
      out.push({ ...item, bytes: undefined, hex: formatHex(item.bytes) });
    } else out.push({ ...item });
  }
  return out;
}

const anyItem: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map(encodeTelnetData),
  fc
    .tuple(fc.constantFrom("will", "wont", "do", "dont"), fc.nat(255))
    .map(([verb, option]) => encodeTelnetNegotiation(verb, option)),
  fc
    .tuple(fc.nat(255), fc.uint8Array({ maxLength: 40 }))
    .map(([option, bytes]) => encodeTelnetSubnegotiation(option, bytes)),
);

describe("com-port vectors", () => {
  for (const { name, hex, message } of vectors<ComPortCase>("com-port")) {
    test(`${name}: decodes and encodes`, () => {
      expect(decodeOne(parseHex(hex))).toEqual(message);
      expect(formatHex(encodeComPort(message))).toBe(hex);
    });
  }

  for (const { name, hex, code } of refused) {
    test(`${name}: is refused`, () => {
      expect(codeOf(() => decodeOne(parseHex(hex)))).toBe(code);
    });
  }

  test("a command that nobody knows is handed on with its bytes", () => {
    const message = decodeOne(parseHex("fffa2c4d0102fff0"));
    expect(message).toEqual({ direction: "request", kind: "unknown", raw: parseHex("4d0102") });
    expect(formatHex(encodeComPort(message))).toBe("fffa2c4d0102fff0");
  });
});

describe("telnet", () => {
  test("data with 255 in it comes back as it was", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const items = new TelnetDecoder().feed(encodeTelnetData(bytes));
        expect(joined(items)).toEqual(bytes.length === 0 ? [] : [{ kind: "data", hex: formatHex(bytes) }]);
      }),
    );
  });

  test("a stream gives the same items wherever it is cut", () => {
    fc.assert(
      fc.property(fc.array(anyItem, { maxLength: 12 }), fc.array(fc.nat(400), { maxLength: 12 }), (parts, cuts) => {
        const stream = Uint8Array.from(parts.flatMap((part) => [...part]));
        const whole = joined(new TelnetDecoder().feed(stream));
        const decoder = new TelnetDecoder();
        const edges = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length];
        const pieces = edges.slice(1).flatMap((end, i) => decoder.feed(stream.subarray(edges[i], end)));
        expect(joined(pieces)).toEqual(whole);
      }),
    );
  });

  test("random bytes throw nothing but the documented error", () => {
    const noise = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(255, 250, 240, 44)), { maxLength: 600 });
    fc.assert(
      fc.property(noise, (bytes) => {
        const decoder = new TelnetDecoder();
        try {
          for (const item of decoder.feed(Uint8Array.from(bytes))) {
            if (item.kind === "subnegotiation") decodeComPort(item.bytes);
          }
        } catch (error) {
          if (!isEspxError(error)) throw error;
          expect(["proto/bad-value", "proto/bad-length", "proto/truncated"]).toContain(error.code);
        }
      }),
    );
  });

  test("a subnegotiation that never ends is refused at its limit, and the next call starts over", () => {
    const decoder = new TelnetDecoder();
    const start = Uint8Array.of(255, 250, 44);
    expect(decoder.feed(start)).toEqual([]);
    expect(decoder.feed(new Uint8Array(telnetSubnegotiationMaxBytes - 1))).toEqual([]);
    expect(codeOf(() => decoder.feed(Uint8Array.of(0)))).toBe("proto/bad-length");
    expect(joined(decoder.feed(Uint8Array.of(65)))).toEqual([{ kind: "data", hex: "41" }]);
  });

  test("commands without an argument are handed on", () => {
    expect(new TelnetDecoder().feed(Uint8Array.of(255, 241, 65))).toEqual([
      { kind: "command", command: 241 },
      { kind: "data", bytes: Uint8Array.of(65) },
    ]);
  });
});
