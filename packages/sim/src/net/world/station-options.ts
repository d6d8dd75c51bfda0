import type { SocketEvent } from "../net-messages.ts";
import type { NetScript } from "../net-script.ts";

/** What a member of the network is made of. */
export interface StationOptions {
  /** The board's name, by which others find it. */
  readonly name: string;
  readonly address: string;
  /** The world's script with the faults of this board. */
  readonly script: () => NetScript;
  /** Shows the board what happened to a socket, now. */
  readonly deliver: (event: SocketEvent) => void;
}
