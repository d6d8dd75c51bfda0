import { createHash } from "node:crypto";
import { ByteWriter, type LinkListener, LinkListeners, type SerialLink } from "@espx/proto";

/** What stands at addresses that a tool asks for: the ESP32's magic word, and the answer of a 4 MB flash chip. */
const registers: ReadonlyMap<number, number> = new Map([
  [0x40001000, 0x00f01d83],
  [0x3ff42080, 0x1640c8],
]);
const syncOp = 0x08;
const readRegisterOp = 0x0a;
const md5Op = 0x13;
const memoryEndOp = 0x06;
const greeting = new TextEncoder().encode("OHAI");

/**
 * A chip that takes no time over anything, at the other end of a line that takes none: it answers at once and looks into nothing but
 * the number of a command. Asked for the MD5 of flash, it answers that of `content` once a download has begun, before that of blank flash.
 */
export class InstantLoader implements SerialLink {
  readonly url = "instant:";
  readonly traits = { kind: "sim", safeCreditBytes: 1 << 20, resetsOnOpen: false } as const;
  readonly #listeners = new LinkListeners(this.url);
  readonly #content: { readonly address: number; readonly bytes: Uint8Array };
  #isStub = false;
  #isWritten = false;

  constructor(content: { readonly address: number; readonly bytes: Uint8Array }) {
    this.#content = content;
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  /** Every write is one packet, from 0xc0 to 0xc0, as tools send them. */
  write(bytes: Uint8Array): Promise<void> {
    const op = bytes[2] ?? 0;
    if (op === 0x10 || op === 0x02) this.#isWritten = true;
    if (op === syncOp) for (let answer = 0; answer < 8; answer++) this.#reply(op, 0x20120707);
    else if (op === readRegisterOp) this.#reply(op, registers.get(word(unescaped(bytes), 8)) ?? 0);
    else if (op === md5Op) this.#reply(op, 0, this.#md5(unescaped(bytes)));
    else this.#reply(op, 0);
    if (op === memoryEndOp) this.#start();
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  setSignals(): Promise<boolean> {
    return Promise.resolve(false);
  }

  setBaud(): Promise<void> {
    return Promise.resolve();
  }

  reopen(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #start(): void {
    this.#isStub = true;
    this.#send(greeting);
  }

  #md5(packet: Uint8Array): Uint8Array {
    const [address, length] = [word(packet, 8), word(packet, 12)];
    const begin = address - this.#content.address;
    const bytes = this.#isWritten
      ? this.#content.bytes.subarray(begin, begin + length)
      : new Uint8Array(length).fill(0xff);
    return new Uint8Array(createHash("md5").update(bytes).digest());
  }

  #reply(op: number, value: number, data: Uint8Array = new Uint8Array()): void {
    const status = this.#isStub ? 2 : 4;
    const packet = new ByteWriter(8 + data.length + status)
      .u8(1)
      .u8(op)
      .u16le(data.length + status)
      .u32le(value);
    this.#send(packet.bytes(data).bytes(new Uint8Array(status)).take());
  }

  #send(packet: Uint8Array): void {
    const escaped = [...packet].flatMap((byte) =>
      byte === 0xc0 ? [0xdb, 0xdc] : byte === 0xdb ? [0xdb, 0xdd] : [byte],
    );
    const bytes = Uint8Array.from([0xc0, ...escaped, 0xc0]);
    // As over a line, an answer comes in a later turn.
    setImmediate(() => this.#listeners.chunk(bytes));
  }
}

function word(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

/** The packet of a short command. */
function unescaped(bytes: Uint8Array): Uint8Array {
  const packet: number[] = [];
  for (let at = 1; at < bytes.length - 1; at++) {
    const byte = bytes[at] as number;
    if (byte === 0xdb) packet.push(bytes[++at] === 0xdc ? 0xc0 : 0xdb);
    else packet.push(byte);
  }
  return Uint8Array.from(packet);
}
