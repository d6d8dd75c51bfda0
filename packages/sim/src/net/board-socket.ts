import { ByteQueue } from "../worker/byte-queue.ts";
import type { NetAddress } from "./net-address.ts";
import type { TlsOutcome } from "./tls-options.ts";
import { netErrno } from "./net-errno.ts";

/** Bytes that may wait to be sent: the send buffer of lwIP on the chip. */
export const sendBufferBytes = 5744;

/** Flags of `select.poll`. */
export const pollFlag = { in: 1, out: 4, error: 8, hangUp: 16, invalid: 32 } as const;

/** One datagram that waits to be read. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: NetAddress;
}

/** The board's own end of a socket: what the program has not read yet, and what has not left yet. */
export class BoardSocket {
  readonly number: number;
  readonly kind: "stream" | "datagram";
  state: "new" | "connecting" | "open" | "listening" | "closed" = "new";
  /** Set by `bind`, before `listen` or the first datagram. */
  localPort = 0;
  peer: NetAddress | undefined;
  isBound = false;
  received = new ByteQueue();
  /** What TLS of this connection ended with; undefined before it began, `pending` while it begins. */
  tls: TlsOutcome | "pending" | undefined;
  readonly datagrams: Datagram[] = [];
  readonly backlog: BoardSocket[] = [];
  /** Counts what has been taken by now; the network sets it when it does not tell at once. */
  settle: () => void = () => {};
  #ended = false;
  #error = 0;
  #unsentBytes = 0;

  constructor(number: number, kind: "stream" | "datagram") {
    this.number = number;
    this.kind = kind;
  }

  opened(): void {
    if (this.state === "connecting") this.state = "open";
  }

  bound(port: number): void {
    this.isBound = true;
    this.localPort = port;
  }

  /** What comes between plain text and TLS is part of the handshake, which is not the program's. */
  data(bytes: Uint8Array): void {
    if (this.tls !== "pending") this.received.push(bytes);
  }

  /** From here on the connection is TLS; what came and was not read belongs to it. */
  securing(): void {
    this.tls = "pending";
    this.received = new ByteQueue();
  }

  secured(outcome: TlsOutcome): void {
    this.tls = outcome;
    if (!outcome.secured) this.failed(netErrno.ECONNABORTED);
  }

  /** The peer sends nothing more. */
  ended(): void {
    this.#ended = true;
  }

  failed(errno: number): void {
    this.#error = errno;
    if (this.state !== "closed") this.state = this.state === "listening" ? "listening" : "new";
  }

  taken(count: number): void {
    this.#unsentBytes -= count;
  }

  queued(count: number): void {
    this.#unsentBytes += count;
  }

  get roomBytes(): number {
    if (this.tls === "pending") return 0;
    this.settle();
    return Math.max(0, sendBufferBytes - this.#unsentBytes);
  }

  /** Bytes that have not left yet, for all that is known. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get hasError(): boolean {
    return this.#error !== 0;
  }

  /** The error that waits; a program sees it once. */
  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  /** What `select.poll` sees; @source MicroPython, ports/esp32/modsocket.c */
  flags(): number {
    if (this.state === "closed") return pollFlag.invalid;
    if (this.#error !== 0) return pollFlag.in | pollFlag.out | pollFlag.hangUp;
    if (this.kind === "datagram") return pollFlag.out | (this.datagrams.length > 0 ? pollFlag.in : 0);
    switch (this.state) {
      case "new":
        return pollFlag.out | pollFlag.hangUp;
      case "connecting":
        return 0;
      case "listening":
        return this.backlog.length > 0 ? pollFlag.in : 0;
      case "open":
        return (
          (this.received.lengthBytes > 0 || this.#ended ? pollFlag.in : 0) | (this.roomBytes > 0 ? pollFlag.out : 0)
        );
    }
  }

  /** What a call that needs a connection must answer when there is none; 0 when there is. */
  refusal(): number {
    if (this.#error !== 0) return -this.takeError();
    return this.state === "open" ? 0 : -netErrno.ENOTCONN;
  }
}
