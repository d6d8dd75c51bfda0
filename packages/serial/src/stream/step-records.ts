import { encodeSlotRecord, formatHex, parseHex, SLOT_RECORD_PATHS } from "@espx/proto";
import type { Step } from "@espx/proto";
import { INCOMING_PATH } from "../device-scripts.ts";
import { pythonString } from "../python-literal.ts";
import { FRAME_BYTES } from "./receiver.ts";
import { dataRecord, finishRecord, runRecord } from "./frame.ts";

/** A step that the receiver can do: all but a reset. */
export type StreamStep = Exclude<Step, { readonly kind: "reset" }>;

/** One record of the stream. */
export interface StreamRecord {
  readonly bytes: Uint8Array;
  /** Content of the file that is there when the record was taken. */
  readonly doneBytes: number;
  /** Whether the receiver counts it, which it does with all but data. */
  readonly counted: boolean;
  /** Whether the step is done with it. */
  readonly last: boolean;
}

/** So much data that its record fills a frame. */
const PIECE_BYTES = FRAME_BYTES - 3;

/** The records that do a step; of a file that comes in, `fromByte` bytes are there already. */
export function* recordsOf(step: StreamStep, fromByte = 0): Generator<StreamRecord> {
  switch (step.kind) {
    case "remove":
      yield only(`_xd(${pythonString(step.path)})`);
      return;
    case "commit": {
      const hex = formatHex(encodeSlotRecord(step.record));
      yield only(`_xq(${pythonString(SLOT_RECORD_PATHS[step.recordFile])},binascii.unhexlify('${hex}'))`);
      return;
    }
    case "put":
      yield* putRecords(step, fromByte);
  }
}

function* putRecords(
  { path, sizeBytes, sha256, source }: Extract<Step, { kind: "put" }>,
  fromByte: number,
): Generator<StreamRecord> {
  if (source.kind === "copy") {
    const code = `_xy(${pythonString(source.from)});_xc(binascii.unhexlify('${sha256}')+${pythonString(path)}.encode())`;
    yield { ...only(code), doneBytes: sizeBytes };
    return;
  }
  if (fromByte > 0) {
    const bytes = runRecord(`_xf=open(${pythonString(INCOMING_PATH)},'ab')`);
    yield { bytes, doneBytes: fromByte, counted: true, last: false };
  }
  for (let at = fromByte; at < source.bytes.length; at += PIECE_BYTES) {
    const piece = source.bytes.subarray(at, at + PIECE_BYTES);
    yield { bytes: dataRecord(piece), doneBytes: at + piece.length, counted: false, last: false };
  }
  yield { bytes: finishRecord(parseHex(sha256), path), doneBytes: sizeBytes, counted: true, last: true };
}

function only(code: string): StreamRecord {
  return { bytes: runRecord(code), doneBytes: 0, counted: true, last: true };
}
