import type { NetScript } from "../net-script.ts";
import type { SocketEvent } from "../net-messages.ts";
import type { StationOptions } from "./station-options.ts";
import type { BoardEnd } from "./stream-end.ts";

/** One boot of a board as the network of its world sees it. */
export class Station {
  readonly name: string;
  readonly address: string;
  readonly script: () => NetScript;
  readonly deliver: (event: SocketEvent) => void;
  /** Whether it has joined the access point. */
  isUp = false;
  readonly streams = new Map<number, BoardEnd>();
  /** Connections that the board has not given a number yet. */
  readonly arrivals = new Map<number, BoardEnd>();
  /** Sockets that listen, by port. */
  readonly listeners = new Map<number, number>();
  /** Datagram sockets by port. */
  readonly datagrams = new Map<number, number>();
  #arrivals = 0;

  constructor({ name, address, script, deliver }: StationOptions) {
    this.name = name;
    this.address = address;
    this.script = script;
    this.deliver = deliver;
  }

  /** Keeps a connection that a peer opened; answers by which number the board adopts it. */
  arrived(end: BoardEnd): number {
    this.arrivals.set(this.#arrivals, end);
    return this.#arrivals++;
  }

  /** Every stream that leads here. */
  ends(): readonly BoardEnd[] {
    return [...this.streams.values(), ...this.arrivals.values()];
  }

  /** A socket of that number leads nowhere any more. */
  forget(socket: number): void {
    this.streams.delete(socket);
    for (const table of [this.listeners, this.datagrams]) {
      for (const [port, bound] of table) if (bound === socket) table.delete(port);
    }
  }
}
