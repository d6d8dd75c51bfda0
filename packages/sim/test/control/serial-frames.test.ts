import { isEspxError } from "@espx/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeSignals,
  encodeDataFrames,
  encodeFrame,
  encodeSignals,
  FrameDecoder,
  frameMaxBytes,
} from "../../src/control/serial-frames.ts";

const anyFrame = fc.record({ kind: fc.nat(255), bytes: fc.uint8Array({ maxLength: 60 }) });

test("frames come back as they were, wherever the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(500), { maxLength: 8 }), (frames, cuts) => {
      const stream = Uint8Array.from(frames.flatMap(({ kind, bytes }) => [...encodeFrame(kind, bytes)]));
      const edges = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length];
      const decoder = new FrameDecoder();
      expect(edges.slice(1).flatMap((end, i) => decoder.feed(stream.subarray(edges[i], end)))).toEqual(frames);
    }),
  );
});

test("random bytes throw nothing but the documented error", () => {
  const refused = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (chunks) => {
      const decoder = new FrameDecoder();
      try {
        for (const chunk of chunks) decoder.feed(chunk);
      } catch (error) {
        if (!isEspxError(error)) throw error;
        refused.add(error.code);
      }
    }),
  );
  expect([...refused]).toEqual(["sim/frame-too-long"]);
});

test("data longer than a frame goes in several", () => {
  const bytes = new Uint8Array(frameMaxBytes * 2 + 5).map((_, i) => i);
  const frames = new FrameDecoder().feed(encodeDataFrames(bytes));
  expect(frames.map((frame) => frame.bytes.length)).toEqual([frameMaxBytes, frameMaxBytes, 5]);
  expect(Buffer.concat(frames.map((frame) => frame.bytes)).equals(bytes)).toBe(true);
});

test("both modem lines travel in one byte", () => {
  for (const dtr of [false, true]) {
    for (const rts of [false, true]) {
      const frame = new FrameDecoder().feed(encodeSignals({ dtr, rts }))[0];
      expect(decodeSignals(frame?.bytes ?? new Uint8Array())).toEqual({ dtr, rts });
    }
  }
});
