import type { NetAddress } from "../net-address.ts";
import { netErrno } from "../net-errno.ts";
import type { ServerHandler } from "../server-side.ts";
import type { SocketEvent } from "../net-messages.ts";
import type { StationOptions } from "./station-options.ts";

/** Bytes that a board may have unread before its peer is slowed down: about the chip's receive window. */
const windowBytes = 5760;

/** One end of a stream between two members of the network. */
export interface StreamEnd {
  /** The member's name. */
  readonly name: string;
  readonly address: NetAddress;
  /** Notices at once when the power of the other end goes. */
  readonly seesPower: boolean;
  /** Nothing can be delivered here any more. */
  readonly isGone: boolean;
  receive(bytes: Uint8Array): void;
  /** The other end closed. */
  ended(): void;
  /** The other end does not know of the stream any more. */
  wasReset(): void;
  /** Bytes of this end have been taken by the other one. */
  taken(count: number): void;
  /** Calls back when there is room for more. */
  whenRoom(act: () => void): void;
}

/** A server's end. */
export class ServerEnd implements StreamEnd {
  readonly name: string;
  readonly address: NetAddress;
  readonly seesPower = true;
  handler: ServerHandler | undefined;
  isGone = false;

  constructor(name: string, address: NetAddress) {
    this.name = name;
    this.address = address;
  }

  receive(bytes: Uint8Array): void {
    if (!this.isGone) this.handler?.feed(bytes);
  }

  ended(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.handler?.closed();
  }

  wasReset(): void {
    this.ended();
  }

  /** Servers never wait for room. */
  taken(): void {}

  /** The stack of a board counts by itself what a server took. */
  whenRoom(): void {}
}

/** A board's end: a socket of its stack, which the board may have to adopt first. */
export class BoardEnd implements StreamEnd {
  readonly seesPower = false;
  readonly station: StationOptions;
  readonly address: NetAddress;
  #socket: number | undefined;
  #waiting: SocketEvent[] = [];
  #unreadBytes = 0;
  #whenRoom: (() => void)[] = [];
  isGone = false;

  constructor(station: StationOptions, port: number, socket: number | undefined) {
    this.station = station;
    this.address = { address: station.address, port };
    this.#socket = socket;
  }

  get name(): string {
    return this.station.name;
  }

  /** The board gave the connection a number. */
  adopt(socket: number): void {
    this.#socket = socket;
    for (const event of this.#waiting.splice(0)) this.#deliver({ ...event, socket } as SocketEvent);
  }

  opened(): void {
    this.#deliver({ type: "net-opened", socket: this.#socket ?? 0 });
  }

  receive(bytes: Uint8Array): void {
    this.#unreadBytes += bytes.length;
    this.#deliver({ type: "net-data", socket: this.#socket ?? 0, bytes: new Uint8Array(bytes) });
  }

  ended(): void {
    this.#deliver({ type: "net-ended", socket: this.#socket ?? 0 });
  }

  wasReset(): void {
    this.failed(netErrno.ECONNRESET);
  }

  failed(errno: number): void {
    this.#deliver({ type: "net-failed", socket: this.#socket ?? 0, errno });
  }

  taken(count: number): void {
    this.#deliver({ type: "net-taken", socket: this.#socket ?? 0, count });
  }

  whenRoom(act: () => void): void {
    if (this.#unreadBytes <= windowBytes) act();
    else this.#whenRoom.push(act);
  }

  /** The program has read so many bytes. */
  consumed(count: number): void {
    this.#unreadBytes -= count;
    if (this.#unreadBytes > windowBytes) return;
    for (const act of this.#whenRoom.splice(0)) act();
  }

  #deliver(event: SocketEvent): void {
    if (this.isGone) return;
    if (this.#socket === undefined) this.#waiting.push(event);
    else this.station.deliver(event);
  }
}
