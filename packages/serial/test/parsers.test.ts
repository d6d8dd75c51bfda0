import { Buffer } from "node:buffer";
import { crc32, encodeSlotRecord, isEspxError } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseInventory, parseRemoteFailure, parseRunningAnswer, printable } from "../src/index.ts";
import { ByteQueue } from "../src/byte-queue.ts";
import { decodeBase64, encodeBase64 } from "../src/base64.ts";
import { pythonString } from "../src/python-literal.ts";
import { RebootWatch } from "../src/reboot-watch.ts";

const hexOf = (text: string): string => Buffer.from(text, "utf8").toString("hex");

function inventoryText(lines: readonly string[]): string {
  const sum = crc32(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  return [...lines, `end ${lines.length} ${sum}`, ""].join("\r\n");
}

const about = [
  "espx 2",
  "id 240ac4000001",
  `chip ${hexOf("esp32")}`,
  `board ${hexOf("Generic ESP32 module")}`,
  "version 1 27 0",
  "mpy 6",
  "free 2080768",
  "heap 161264",
];

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isEspxError(error)) return error.code;
    throw error;
  }
  return "none";
}

describe("an inventory", () => {
  test("is read with files of any name and the newest record", () => {
    const record = {
      count: 9,
      slot: "a",
      state: "dev",
      attemptsLeft: 0,
      config: null,
      previous: null,
      floor: 0,
    } as const;
    const hex = Buffer.from(encodeSlotRecord(record)).toString("hex");
    const lines = [
      ...about,
      "can deflate",
      "record 0 -",
      `record 1 ${hex}`,
      "foreign /main.py",
      `file 4 ${"A".repeat(43)} ${hexOf("/ä b\n'")}`,
    ];
    expect(parseInventory(inventoryText(lines))).toEqual({
      id: "240ac4000001",
      chip: "esp32",
      board: "Generic ESP32 module",
      version: [1, 27, 0],
      mpyVersion: 6,
      freeBytes: 2_080_768,
      heapFreeBytes: 161_264,
      capabilities: ["deflate"],
      foreign: ["/main.py"],
      files: [{ path: "/ä b\n'", sizeBytes: 4, sha256: "0".repeat(64) }],
      record,
      recordFile: 1,
    });
  });

  test.each([
    ["Generic ESP32 module with ESP32", "esp32"],
    ["Generic ESP32C3 module with ESP32C3", "esp32c3"],
    ["ESP32S3 module with PSRAM with ESP32S3", "esp32s3"],
    ["LOLIN_S2_MINI with ESP32-S2FN4R2", "esp32s2"],
    ["M5Stack Atom with ESP32-PICO-D4", "esp32"],
  ])("tells the chip of %s as %s", (board, chip) => {
    const lines = about.map((line) => (line.startsWith("board ") ? `board ${hexOf(board)}` : line));
    expect(parseInventory(inventoryText(lines)).chip).toBe(chip);
  });

  test.each([
    ["an empty text", ""],
    ["no end", about.join("\n")],
    ["a line missing", inventoryText(about).replace("mpy 6\r\n", "")],
    ["a digit changed", inventoryText(about).replace("161264", "161265")],
    ["an unknown tag", inventoryText([...about, "constructor 1"])],
    ["a tag without its fields", inventoryText([...about, "file 4"])],
    ["a file twice", inventoryText([...about, ...[1, 2].map(() => `file 1 ${"A".repeat(43)} /a`)])],
    ["no id", inventoryText(about.filter((line) => !line.startsWith("id")))],
    ["another version", inventoryText(about.map((line) => line.replace("espx 2", "espx 1")))],
  ])("with %s is refused", (_, text) => {
    expect(codeOf(() => parseInventory(text))).toBe("serial/bad-inventory");
  });

  test("damaged in any way is either refused or reads as it was", () => {
    const text = inventoryText([...about, "record 0 -", `file 4 ${"ab+/".repeat(10)}xyA /lib/a.py`]);
    const intact = parseInventory(text);
    const damage = fc.record({ at: fc.nat(text.length), drop: fc.nat(3), insert: fc.string({ maxLength: 3 }) });
    fc.assert(
      fc.property(damage, ({ at, drop, insert }) => {
        const damaged = text.slice(0, at) + insert + text.slice(at + drop);
        let read: unknown;
        const code = codeOf(() => (read = parseInventory(damaged)));
        expect(["none", "serial/bad-inventory"]).toContain(code);
        if (code === "none") expect(read).toEqual(intact);
      }),
      { numRuns: 2000 },
    );
  });

  test("made of any lines throws nothing but its own error", () => {
    const word = fc.oneof(fc.constantFrom("file", "record", "id", "end", "espx", "1", "0", "-", "2f"), fc.string());
    const line = fc.array(word, { maxLength: 5 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = inventoryText(lines.map((one) => one.replaceAll(/[\r\n]/g, "")));
        expect(["none", "serial/bad-inventory"]).toContain(codeOf(() => parseInventory(text)));
      }),
    );
  });
});

describe("an answer of a running framework", () => {
  test("is found behind a prompt's echo and with keys of later versions", () => {
    const line = '>>> #espx! 1 {"release": "p-1", "slot": "b", "state": "trial", "waiting": ["net"], "new": 1}';
    const expected = { release: "p-1", slot: "b", state: "trial", waitingFor: ["net"], config: undefined };
    expect(parseRunningAnswer(line)).toEqual(expected);
  });

  test.each([
    "",
    "#espx? 1",
    "#espx! 2 {}",
    "#espx! 1 {}",
    "#espx! 1 {",
    "#espx! 1 []",
    '#espx! 1 {"slot":"c","state":"trial","waiting":[]}',
    '#espx! 1 {"slot":"a","state":"gone","waiting":[]}',
    '#espx! 1 {"slot":"a","state":"trial","waiting":[1]}',
  ])("is not seen in %j", (line) => {
    expect(parseRunningAnswer(line)).toBeNull();
  });

  test("never throws, whatever stands on the console", () => {
    const line = fc.oneof(
      fc.string(),
      fc.json().map((json) => `#espx! 1 ${json}`),
    );
    fc.assert(
      fc.property(line, (text) => {
        expect([null, "trial", "confirmed", "dev"]).toContain(parseRunningAnswer(text)?.state ?? null);
      }),
    );
  });
});

describe("an exception on the device", () => {
  test.each([
    [
      'Traceback (most recent call last):\r\n  File "x.py", line 3, in f\r\nOSError: [Errno 2] ENOENT: /a\r\n',
      "OSError",
      "[Errno 2] ENOENT: /a",
    ],
    ["Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n", "KeyboardInterrupt", ""],
    [
      'Traceback (most recent call last):\r\n  File "x.py", line 1\r\nmod.Error: two\r\nlines\r\n',
      "mod.Error",
      "two\nlines",
    ],
    ["MemoryError\r\n", "MemoryError", ""],
    ["?!", "Exception", "?!"],
  ])("%j has type %s and message %j", (text, type, message) => {
    expect(parseRemoteFailure(text)).toMatchObject({ type, message });
  });

  test("is taken apart whatever it prints", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseRemoteFailure(text).type).not.toBe("");
      }),
    );
  });
});

describe("what goes to the device", () => {
  test("is ASCII on one line, and evaluates to the text it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const literal = pythonString(text);
        expect(literal).toMatch(/^'[ -~]*'$/);
        expect(evaluate(literal)).toBe(text);
      }),
    );
  });

  test("is base64 as everybody writes it", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        const text = Buffer.from(bytes).toString("base64").replaceAll("=", "");
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });
});

/** Python's escapes, read the way Python does. */
function evaluate(literal: string): string {
  return literal
    .slice(1, -1)
    .replaceAll(/\\(?:x(..)|u(....)|U(.{8})|(.))/g, (_, x, u, long, plain: string | undefined) => {
      const digits = (x ?? u ?? long) as string | undefined;
      return digits === undefined ? (plain as string) : String.fromCodePoint(Number.parseInt(digits, 16));
    });
}

describe("bytes for people", () => {
  test("show text as it is and the rest as escapes, the end of it", () => {
    expect(printable(Uint8Array.from([0x68, 0x69, 0x0d, 0x0a, 0x00, 0xff]))).toBe("hi\n\\x00\\x??");
    expect(printable(new TextEncoder().encode("abcdef"), 3)).toBe("…def");
  });
});

test("a queue gives back what was put in, in any pieces, and finds a pattern across them", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 700 })), fc.array(fc.nat(900)), (pushes, takes) => {
      const queue = new ByteQueue();
      const taken: number[] = [];
      for (const [i, bytes] of pushes.entries()) {
        queue.push(bytes);
        taken.push(...queue.take(takes[i] ?? 0));
      }
      taken.push(...queue.take(queue.length));
      expect(taken).toEqual(pushes.flatMap((bytes) => [...bytes]));
    }),
  );
  const queue = new ByteQueue();
  for (const piece of [[1, 1], [1, 2], [3]]) queue.push(Uint8Array.from(piece));
  expect([queue.indexOf(Uint8Array.of(1, 2, 3)), queue.indexOf(Uint8Array.of(3, 4))]).toEqual([2, -1]);
});

test("a starting board is recognised wherever its text is split", () => {
  const text = "output\r\nrst:0x7 (TG0WDT_SYS_RESET),boot:0x13\r\n";
  for (let at = 0; at <= text.length; at++) {
    const watch = new RebootWatch();
    const seen = [text.slice(0, at), text.slice(at)].map((part) => watch.feed(new TextEncoder().encode(part)));
    expect(seen).toContain(true);
  }
  expect(new RebootWatch().feed(new TextEncoder().encode("the rst pin; MicroPython v1.27.0\r\n"))).toBe(false);
});
