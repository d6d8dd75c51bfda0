import type { TlsOptions, TlsOutcome } from "./tls-options.ts";
import type { BoardAddress, NetScript } from "./net-script.ts";

/** What the worker half of the network starts from. */
export interface NetSetup {
  readonly script: NetScript;
  readonly own: BoardAddress;
  /** How much longer the air fails, ms. */
  readonly lostForMs: number;
}

/** Host to worker: the script changed. */
export interface NetScriptChange {
  readonly type: "net-script";
  readonly script: NetScript;
}

/** Host to worker: the air fails for a moment, or for so long. */
export interface NetLinkLoss {
  readonly type: "net-link-loss";
  readonly forMs: number;
}

/** Worker to host: the board has an address, or none any more. */
export interface NetState {
  readonly type: "net-state";
  readonly address: string | undefined;
}

/** Worker to host: what a socket does. `socket` numbers are the worker's. */
export type SocketRequest =
  | { readonly type: "net-resolve"; readonly id: number; readonly name: string }
  | {
      readonly type: "net-connect";
      readonly socket: number;
      readonly address: string;
      readonly port: number;
      /** Virtual mode: the port that the board chose. */
      readonly localPort?: number;
    }
  | { readonly type: "net-listen"; readonly socket: number; readonly port: number; readonly backlog: number }
  | { readonly type: "net-bind"; readonly socket: number; readonly port: number }
  | { readonly type: "net-send"; readonly socket: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly type: "net-sendto";
      readonly socket: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly address: string;
      readonly port: number;
    }
  | { readonly type: "net-adopt"; readonly socket: number; readonly connection: number }
  | { readonly type: "net-consumed"; readonly socket: number; readonly count: number }
  | { readonly type: "net-secure"; readonly socket: number; readonly options: TlsOptions }
  | { readonly type: "net-close"; readonly socket: number; readonly lost: boolean };

/** Host to worker: what happened to a socket. */
export type SocketEvent =
  | { readonly type: "net-resolved"; readonly id: number; readonly address: string | undefined }
  | { readonly type: "net-opened" | "net-ended"; readonly socket: number }
  | { readonly type: "net-secured"; readonly socket: number; readonly outcome: TlsOutcome }
  | { readonly type: "net-failed"; readonly socket: number; readonly errno: number }
  | { readonly type: "net-data"; readonly socket: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly type: "net-datagram";
      readonly socket: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly address: string;
      readonly port: number;
    }
  | { readonly type: "net-taken"; readonly socket: number; readonly count: number }
  | { readonly type: "net-bound"; readonly socket: number; readonly port: number }
  | {
      readonly type: "net-accepted";
      readonly socket: number;
      /** The host's number of the new connection, until the worker has adopted it under its own. */
      readonly connection: number;
      readonly address: string;
      readonly port: number;
    };

/** Host to worker, virtual mode: what happens to a socket at `atMs`. */
export interface TimedSocketEvent {
  readonly type: "net-event";
  readonly event: SocketEvent;
  readonly atMs: number;
}
