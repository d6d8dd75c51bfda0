import { LinkError } from "@espx/proto";
import type { Limit } from "../link-reader.ts";
import { timedOut, write } from "../wire.ts";
import type { Wire } from "../wire.ts";
import { encodeFrame, frameKinds } from "./frame.ts";
import type { PackedFrame } from "./frame-packer.ts";
import { PROMPT_BAUD, said } from "./receiver.ts";

/** After so long without a word the board may hang in a read whose last bytes were lost. */
const STALL_MS = 1_500;
/** After so long it is given up. */
const SILENCE_MS = 20_000;
/** A receiver that is to stop says where it stands when it has heard nothing for 360 ms; one in a read has to be given bytes first. */
const STOP_SILENCES_MS = [450, 600] as const;
const STOP_MS = 3_000;
const SYNC = 0x16;
const TROUBLE_MASK = 90;

export interface SenderOptions<R> {
  /** What the board acknowledges together; twice as many bytes may be on the way. */
  readonly creditBytes: number;
  /** Told once for each frame that was taken, in order. */
  readonly onTaken: (records: readonly R[]) => void;
  readonly signal?: AbortSignal | undefined;
}

interface SentFrame<R> {
  readonly bytes: Uint8Array;
  readonly records: readonly R[];
}

/** Sends frames to the receiver as fast as it gives credit, and again from where it lost track. */
export class FrameSender<R> {
  readonly #wire: Wire;
  readonly #options: SenderOptions<R>;
  readonly #frames: Iterator<PackedFrame<R>>;
  /** Frames that were not taken yet; the first has the number `#taken`. */
  readonly #open: SentFrame<R>[] = [];
  #taken = 0;
  /** Which of the open frames is being sent, and how far that is. */
  #index = 0;
  #offset = 0;
  #credit: number;
  #ended = false;
  #stopped = false;
  /** When all is over, whatever the receiver says. */
  #endMs = Infinity;
  #signal: AbortSignal | undefined;
  #troubles = 0;

  constructor(wire: Wire, frames: Iterable<PackedFrame<R>>, options: SenderOptions<R>) {
    this.#wire = wire;
    this.#options = options;
    this.#frames = frames[Symbol.iterator]();
    this.#credit = 2 * options.creditBytes;
    this.#signal = options.signal;
  }

  /** How often something had to be sent again. */
  get troubles(): number {
    return this.#troubles;
  }

  /**
   * Sends all frames and the end of the stream; returns when the receiver has ended, whether or not it was content.
   *
   * @throws LinkError `serial/timeout`, `link/lost`; CanceledError `serial/canceled`
   */
  async run(): Promise<void> {
    for (let quietMs = 0; ;) {
      if (await this.#listen()) return;
      if (await this.#send()) continue;
      const { reader, clock } = this.#wire;
      const untilMs = clock.now() + STALL_MS;
      if (await reader.more(reader.queue.length, { untilMs, signal: this.#signal })) quietMs = 0;
      else quietMs += STALL_MS;
      if (quietMs >= SILENCE_MS) throw timedOut();
      if (quietMs > 0) await this.#write(new Uint8Array(this.#options.creditBytes));
    }
  }

  /** Has the receiver end early: it is told so when it next asks where things stand. One that says nothing is left after a second. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#signal = undefined;
    this.#endMs = this.#wire.clock.now() + STOP_MS;
    for (const silenceMs of STOP_SILENCES_MS) {
      if (await this.#heardOut(silenceMs)) return;
      await this.#write(new Uint8Array(this.#options.creditBytes));
    }
  }

  /** Listens until the receiver is gone, or has said nothing for so long; answers whether it is gone. */
  async #heardOut(silenceMs: number): Promise<boolean> {
    const { reader, clock } = this.#wire;
    do {
      if (await this.#listen()) return true;
    } while (await reader.more(reader.queue.length, { untilMs: Math.min(this.#endMs, clock.now() + silenceMs) }));
    return false;
  }

  /** Takes in what the receiver has said so far; answers whether it is gone. */
  async #listen(): Promise<boolean> {
    const { queue } = this.#wire.reader;
    while (queue.length > 0) {
      const bytes = queue.peek();
      if (bytes[0] === said.gone) return true;
      if (bytes[0] === said.trouble && bytes.length < 4) return false;
      const [byte] = queue.take(1);
      if (byte === said.credit) this.#credit += this.#options.creditBytes;
      else if (byte === said.ready) this.#take(1);
      else if (byte === said.ending) await this.#wire.link.setBaud(PROMPT_BAUD);
      else if (byte === said.trouble) await this.#startAgain(queue.take(3));
    }
    return false;
  }

  #take(count: number): void {
    for (const { records } of this.#open.splice(0, count)) {
      this.#taken++;
      this.#index = Math.max(0, this.#index - 1);
      this.#options.onTaken(records);
    }
  }

  async #startAgain([counted = 0, awaited = 0, check = 0]: Uint8Array): Promise<void> {
    const count = counted & 0x7f;
    if ((count ^ awaited ^ TROUBLE_MASK) !== check) return;
    this.#troubles++;
    this.#take((awaited - this.#taken) & 0x7f);
    this.#index = 0;
    this.#offset = 0;
    if (this.#stopped) {
      this.#ended = true;
      this.#open.length = 0;
      this.#push(this.#taken, theEnd);
    }
    await this.#write(Uint8Array.of(SYNC, count, 255 - count));
    this.#credit = 2 * this.#options.creditBytes;
    if (this.#stopped) await this.#send();
  }

  /** Sends as much as there is credit for; answers whether that was anything. */
  async #send(): Promise<boolean> {
    const pieces: Uint8Array[] = [];
    let roomBytes = this.#credit;
    while (roomBytes > 0) {
      const frame = this.#current();
      if (frame === undefined) break;
      const piece = frame.bytes.subarray(this.#offset, this.#offset + roomBytes);
      pieces.push(piece);
      roomBytes -= piece.length;
      this.#offset += piece.length;
      if (this.#offset < frame.bytes.length) break;
      this.#index++;
      this.#offset = 0;
    }
    this.#credit = roomBytes;
    for (const piece of pieces) await this.#write(piece);
    return pieces.length > 0;
  }

  /** The frame to be sent now, made when it is needed. */
  #current(): SentFrame<R> | undefined {
    if (this.#index < this.#open.length) return this.#open[this.#index];
    if (this.#ended) return undefined;
    const next = this.#frames.next();
    this.#ended = next.done === true;
    return this.#push(this.#taken + this.#open.length, next.done === true ? theEnd : next.value);
  }

  #push(number: number, { kind, content, records }: PackedFrame<R>): SentFrame<R> {
    const frame = { bytes: encodeFrame(number, kind, content), records };
    this.#open.push(frame);
    return frame;
  }

  #write(bytes: Uint8Array): Promise<void> {
    const untilMs = Math.min(this.#endMs, this.#wire.clock.now() + SILENCE_MS);
    const limit: Limit = { untilMs, signal: this.#signal };
    return write(this.#wire, bytes, limit);
  }
}

const theEnd = { kind: frameKinds.end, content: new Uint8Array(), records: [] } as const;

/** The error for a line on which the same frame was damaged again and again, or nothing came for long. */
export function noisyLine(troubles: number, cause?: unknown): LinkError {
  const message = `the line damages what it carries: something had to be sent again ${troubles} times, in the end in vain`;
  return new LinkError("serial/noisy-line", message, {
    hint: "try --baud fixed, a shorter cable, another port; the same command goes on where this one stopped",
    details: { troubles },
    cause,
  });
}
