import { ByteReader, ByteWriter, ProtocolError, type Signals } from "@espx/proto";

/**
 * Kinds of frames on a simulator's serial socket.
 *
 * Shape of a frame: kind u8, length u16 little-endian, then that many bytes (at most {@link frameMaxBytes}).
 * The client opens with `hello` (JSON `{v, pid, command}`) and is answered `welcome` (JSON `{v, name, traits}`) or `refused`
 * (JSON of an error), after which the server closes. From then on `data` goes both ways, and the client's `signals` (one byte:
 * bit 0 DTR, bit 1 RTS), `baud` (u32 little-endian, bits a second) and `drain` (empty) are carried out in the order in which they
 * stand in the stream, data included, and answered one by one by `done` (one byte: 1 when it could, 0 when not) or `failed`
 * (JSON of an error). When the board's side of the link ends, the server says `gone` (JSON of an error) and closes.
 */
export const FrameKind = {
  hello: 1,
  data: 2,
  signals: 3,
  baud: 4,
  drain: 5,
  welcome: 16,
  refused: 17,
  done: 18,
  failed: 19,
  gone: 20,
} as const;

/** Version of the framing that both ends say in their first frame. */
export const framingVersion = 1;

/** Most bytes that one frame carries. */
export const frameMaxBytes = 16_384;

const headerBytes = 3;

export interface Frame {
  /** One of {@link FrameKind}; a receiver ignores kinds that it does not know. */
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** Takes frames out of a stream; holds at most one incomplete frame. */
export class FrameDecoder {
  #held: Uint8Array = new Uint8Array(0);

  /**
   * Answers the frames that `chunk` completes.
   *
   * @throws ProtocolError `sim/frame-too-long` when a header says more than {@link frameMaxBytes}
   */
  feed(chunk: Uint8Array): Frame[] {
    const bytes = this.#held.length === 0 ? chunk : joinBytes(this.#held, chunk);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const header = new ByteReader(bytes.subarray(at, at + headerBytes));
      const kind = header.u8();
      const length = header.u16le();
      if (length > frameMaxBytes) {
        this.#held = new Uint8Array(0);
        throw new ProtocolError("sim/frame-too-long", `frame says ${length} bytes, at most ${frameMaxBytes} may be`);
      }
      const end = at + headerBytes + length;
      if (end > bytes.length) break;
      frames.push({ kind, bytes: bytes.slice(at + headerBytes, end) });
      at = end;
    }
    this.#held = bytes.slice(at);
    return frames;
  }
}

/** One frame; `bytes` must not be longer than {@link frameMaxBytes}. */
export function encodeFrame(kind: number, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  return new ByteWriter(headerBytes + bytes.length).u8(kind).u16le(bytes.length).bytes(bytes).take();
}

/** A frame whose payload is `value` as JSON. */
export function encodeJsonFrame(kind: number, value: unknown): Uint8Array {
  return encodeFrame(kind, new TextEncoder().encode(JSON.stringify(value)));
}

/** `bytes` as one or more data frames behind each other. */
export function encodeDataFrames(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= frameMaxBytes) return encodeFrame(FrameKind.data, bytes);
  const head = encodeFrame(FrameKind.data, bytes.subarray(0, frameMaxBytes));
  return joinBytes(head, encodeDataFrames(bytes.subarray(frameMaxBytes)));
}

export function encodeSignals(signals: Signals): Uint8Array {
  return encodeFrame(FrameKind.signals, Uint8Array.of((signals.dtr ? 1 : 0) | (signals.rts ? 2 : 0)));
}

/** @throws ProtocolError `proto/truncated` when `bytes` is empty */
export function decodeSignals(bytes: Uint8Array): Signals {
  const bits = new ByteReader(bytes).u8();
  return { dtr: (bits & 1) !== 0, rts: (bits & 2) !== 0 };
}

export function encodeBaud(baudRate: number): Uint8Array {
  return encodeFrame(FrameKind.baud, new ByteWriter(4).u32le(baudRate).take());
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
