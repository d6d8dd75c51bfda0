import {
  DeviceError,
  LinkError,
  SlipDecoder,
  decodeLoaderReply,
  encodeLoaderRequest,
  encodeSlip,
  loaderFailure,
  type Clock,
  type LoaderReply,
  type SerialLink,
} from "@espx/proto";
import { LinkReader, type Limit } from "../link-reader.ts";
import { type Wire, write } from "../wire.ts";
import { commandName, reasonText } from "./loader-commands.ts";

/** How long a chip may take for what needs no flash. */
export const defaultTimeoutMs = 3000;

/** What a command carries, and how long it may take. */
export interface CommandOptions {
  readonly data?: Uint8Array;
  readonly checksum?: number;
  /** Bytes of data before the status. */
  readonly replyBytes?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a command was answered with. */
export interface CommandAnswer {
  readonly value: number;
  readonly data: Uint8Array;
}

/** One line to a ROM loader or stub: commands out, replies in, one at a time. */
export class LoaderPort {
  readonly link: SerialLink;
  readonly clock: Clock;
  readonly reader: LinkReader;
  readonly #wire: Wire;
  readonly #slip = new SlipDecoder();
  #packets: Uint8Array[] = [];

  constructor(link: SerialLink, clock: Clock) {
    this.link = link;
    this.clock = clock;
    this.reader = new LinkReader(link, clock);
    this.#wire = { link, clock, reader: this.reader };
  }

  /** Stops listening; the link stays open. */
  release(): void {
    this.reader.release();
  }

  /** Forgets what came in so far. */
  flush(): void {
    this.reader.drop();
    this.#slip.reset();
    this.#packets = [];
  }

  /** Lets what is on its way come in, and forgets it: until the line was quiet for `quietMs`. */
  async settle(quietMs: number, signal?: AbortSignal): Promise<void> {
    for (;;) {
      this.flush();
      if (!(await this.reader.more(0, this.#limit(quietMs, signal)))) return;
    }
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @throws DeviceError `flash/command-unknown`, `flash/command-refused` with `details.reason`; LinkError `flash/no-answer`,
   *   `serial/timeout`, `link/lost`; CanceledError `serial/canceled`
   */
  async command(op: number, options: CommandOptions = {}): Promise<CommandAnswer> {
    const { data = new Uint8Array(), checksum = 0, replyBytes = 0, timeoutMs = defaultTimeoutMs, signal } = options;
    this.#packets = [];
    await this.send(op, data, { checksum, ...(signal && { signal }) });
    const reply = await this.#replyTo(op, this.#limit(timeoutMs, signal));
    const failedEarly = reply.body.length < replyBytes + 2;
    const [status = 1, reason = 0] = failedEarly ? reply.body : reply.body.subarray(replyBytes);
    if (status !== 0 || failedEarly) throw refusal(op, reason);
    return { value: reply.value, data: reply.body.subarray(0, replyBytes) };
  }

  async send(
    op: number,
    data: Uint8Array,
    { checksum = 0, signal }: { readonly checksum?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const bytes = encodeSlip(encodeLoaderRequest(op, data, checksum));
    await this.sendRaw(bytes, signal);
  }

  /** Writes bytes as they are; a line at 9600 baud may take its time over a block. */
  async sendRaw(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await write(this.#wire, bytes, this.#limit(10_000 + bytes.length * 2, signal));
  }

  /** The next packet, or undefined when the time is up. */
  async packet(timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#next(this.#limit(timeoutMs, signal));
  }

  /** @throws LinkError `flash/no-answer` */
  async #replyTo(op: number, limit: Limit): Promise<LoaderReply> {
    for (;;) {
      const packet = await this.#next(limit);
      if (packet === undefined) throw noAnswer(op);
      const reply = decodeLoaderReply(packet);
      if (reply === undefined) continue;
      if (reply.op === op) return reply;
      // The ROM refuses what it does not know under another number.
      if (reply.body[0] !== 0 && reply.body[1] === loaderFailure.invalidMessage) throw unknown(op);
    }
  }

  async #next(limit: Limit): Promise<Uint8Array | undefined> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet !== undefined) return packet;
      if (this.reader.queue.length === 0 && !(await this.reader.more(0, limit))) return undefined;
      this.#packets.push(...this.#slip.feed(this.reader.drop()));
    }
  }

  #limit(timeoutMs: number, signal: AbortSignal | undefined): Limit {
    return { untilMs: this.clock.now() + timeoutMs, signal };
  }
}

function noAnswer(op: number): LinkError {
  return new LinkError("flash/no-answer", `the chip does not answer ${commandName(op)}`, {
    hint: "look at the cable, or go slower: --baud 115200",
    details: { command: commandName(op) },
  });
}

function unknown(op: number): DeviceError {
  return new DeviceError("flash/command-unknown", `the chip does not know or not allow ${commandName(op)}`, {
    details: { command: commandName(op) },
  });
}

function refusal(op: number, reason: number): DeviceError {
  if (reason === loaderFailure.invalidMessage) return unknown(op);
  return new DeviceError("flash/command-refused", `the chip refuses ${commandName(op)}: ${reasonText(reason)}`, {
    hint: "try again; when it stays so, the flash chip or its wiring is broken",
    details: { command: commandName(op), reason },
  });
}
