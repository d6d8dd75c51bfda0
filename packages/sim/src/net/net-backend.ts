import type { BoardSocket } from "./board-socket.ts";
import type { NetAddress } from "./net-address.ts";
import type { TlsOptions } from "./tls-options.ts";

/**
 * The network beyond the board's own stack: the host's real one, a scripted one inside the worker, or later one that
 * many boards share. Nothing here blocks; answers come as calls on the socket, at once or later.
 */
export interface NetBackend {
  /** Addresses of this board on this network. */
  readonly own: {
    readonly address: string;
    readonly mask: string;
    readonly gateway: string;
    readonly nameServer: string;
  };
  /** Ends with the address, or with undefined. */
  resolve(name: string, done: (address: string | undefined) => void): void;
  /** Ends with `opened` or `failed`. */
  connect(socket: BoardSocket, to: NetAddress): void;
  /** Ends with `bound` or `failed`; then `accepted` for each client. */
  listen(socket: BoardSocket, port: number, backlog: number): void;
  /** A datagram socket at a port, 0 for any; ends with `bound` or `failed`. */
  bind(socket: BoardSocket, port: number): void;
  /** Takes all bytes; `taken` tells when they are on their way. */
  send(socket: BoardSocket, bytes: Uint8Array): void;
  sendTo(socket: BoardSocket, bytes: Uint8Array, to: NetAddress): void;
  /** The program has read so many bytes: there is room for more. */
  consumed(socket: BoardSocket, count: number): void;
  /** Makes TLS of a connection; ends with `secured`. Left out where there is none. */
  secure?(socket: BoardSocket, options: TlsOptions): void;
  /** `lost`: nobody else hears of it, since the air is gone. */
  close(socket: BoardSocket, lost: boolean): void;
}
