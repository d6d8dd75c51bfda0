import type { NetAddress } from "./net-address.ts";
import type { BrokerBehaviour } from "./net-script.ts";

/** A server's end of a connection in a scripted network. */
export interface ServerSide {
  readonly peer: NetAddress;
  /** How a broker is to treat this one in particular; undefined: as everybody. */
  behaviour?(): BrokerBehaviour | undefined;
  send(bytes: Uint8Array): void;
  close(): void;
}

/** What a server does with a connection. */
export interface ServerHandler {
  feed(bytes: Uint8Array): void;
  /** The other end closed. */
  closed(): void;
}

/** Time for servers: reads it, and calls back. */
export interface ServerClock {
  now(): number;
  at(dueMs: number, callback: () => void): () => void;
}
