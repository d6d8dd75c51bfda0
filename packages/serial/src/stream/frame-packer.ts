import { frameKinds } from "./frame.ts";
import type { FrameKind } from "./frame.ts";
import { FRAME_BYTES } from "./receiver.ts";
import type { StreamRecord } from "./step-records.ts";

/** Raw deflate with a window of `1 << windowBits` bytes, as zlib's `deflateRawSync` makes it. */
export type Deflate = (bytes: Uint8Array, windowBits: number) => Uint8Array;

/** How content is made small; without it everything travels as it is. */
export interface Packing {
  readonly deflate: Deflate;
  readonly windowBits: number;
}

/** Content of one frame, with the records that are taken when it is. */
export interface PackedFrame<R> {
  readonly kind: FrameKind;
  readonly content: Uint8Array;
  readonly records: readonly R[];
}

/** More than this inflated from one frame would leave the board silent for long. */
const RAW_MAX_BYTES = 32 * 1024;

/**
 * Packs records into frames that are as full as can be, several small files into one: they are alike, and deflate better together.
 *
 * Records come lazily; at the end of what is there now, what was gathered is sent.
 */
export function* packFrames<R extends Pick<StreamRecord, "bytes">>(
  records: Iterable<R>,
  packing: Packing | undefined,
): Generator<PackedFrame<R>> {
  let held: Held<R> | undefined;
  for (const record of records) {
    const joined = held === undefined ? undefined : join(held, record, packing);
    if (held !== undefined && joined === undefined) yield close(held);
    held = joined ?? pack([record], packing);
  }
  if (held !== undefined) yield close(held);
}

/** Records for one frame. */
interface Held<R> {
  readonly records: readonly R[];
  readonly raw: Uint8Array;
  /** Deflated, where that is smaller. */
  readonly packed: Uint8Array | undefined;
}

/** Both in one frame, or undefined when they do not fit. */
function join<R extends Pick<StreamRecord, "bytes">>(
  held: Held<R>,
  record: R,
  packing: Packing | undefined,
): Held<R> | undefined {
  const rawBytes = held.raw.length + record.bytes.length;
  if (rawBytes > (packing === undefined ? FRAME_BYTES : RAW_MAX_BYTES)) return undefined;
  const both = pack([...held.records, record], packing);
  return (both.packed ?? both.raw).length <= FRAME_BYTES ? both : undefined;
}

function pack<R extends Pick<StreamRecord, "bytes">>(records: readonly R[], packing: Packing | undefined): Held<R> {
  const raw = joinBytes(records.map(({ bytes }) => bytes));
  const packed = packing?.deflate(raw, packing.windowBits);
  return { records, raw, packed: packed !== undefined && packed.length < raw.length ? packed : undefined };
}

function close<R>({ records, raw, packed }: Held<R>): PackedFrame<R> {
  if (packed === undefined) return { kind: frameKinds.stored, content: raw, records };
  return { kind: frameKinds.deflated, content: packed, records };
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
