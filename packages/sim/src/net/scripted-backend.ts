import type { WorkerContext } from "../worker/context.ts";
import type { BoardSocket } from "./board-socket.ts";
import type { MiniBroker } from "./broker/mini-broker.ts";
import type { LinkGate } from "./link-gate.ts";
import type { NetAddress, NetBackend } from "./net-backend.ts";
import { netErrno } from "./net-errno.ts";
import { type BoardAddress, type NetScript, scriptedAddress, serverAddress } from "./net-script.ts";
import { scriptedPeer } from "./scripted-peer.ts";
import type { ServerHandler, ServerSide } from "./server-side.ts";

/** How long a chip tries before it gives up: ARP for a neighbour, SYN for anybody else. */
const patience = { neighbourMs: 3000, elsewhereMs: 18_000 } as const;

/** Where the chip's own ports start when it chooses one. */
const firstOwnPort = 49_152;

/** One connection of a board to a scripted server. */
interface ScriptedConnection {
  readonly handler: ServerHandler;
  isOpen: boolean;
}

/**
 * A network without the outside world: one server, at which a broker and scripted peers listen, a name service, and
 * time that only the board's clock knows. Everything happens in callbacks of that clock.
 */
export class ScriptedBackend implements NetBackend {
  readonly own: BoardAddress;
  readonly #context: WorkerContext;
  readonly #gate: LinkGate;
  readonly #broker: MiniBroker;
  readonly #connections = new Map<number, ScriptedConnection>();
  #script: NetScript;
  #ownPort = firstOwnPort;

  constructor(
    context: WorkerContext,
    gate: LinkGate,
    parts: { readonly own: BoardAddress; readonly script: NetScript; readonly broker: MiniBroker },
  ) {
    this.#context = context;
    this.#gate = gate;
    this.own = parts.own;
    this.#script = parts.script;
    this.#broker = parts.broker;
  }

  setScript(script: NetScript): void {
    this.#script = script;
  }

  resolve(name: string, done: (address: string | undefined) => void): void {
    this.#roundTrip(() => {
      const scripted = scriptedAddress(this.#script, name);
      done(this.#script.dnsFails || scripted === null ? undefined : (scripted ?? serverAddress));
    });
  }

  connect(socket: BoardSocket, to: NetAddress): void {
    if (to.address !== serverAddress) return this.#unreachable(socket, to.address);
    socket.localPort = this.#ownPort++;
    this.#roundTrip(() => {
      if (socket.state !== "connecting") return;
      const accept = this.#server(to.port);
      if (accept === undefined) socket.failed(netErrno.ECONNREFUSED);
      else this.#open(socket, accept);
    });
  }

  /** A server of the board: nobody in this network calls it. */
  listen(socket: BoardSocket, port: number): void {
    socket.bound(port === 0 ? this.#ownPort++ : port);
  }

  bind(socket: BoardSocket, port: number): void {
    socket.bound(port === 0 ? this.#ownPort++ : port);
  }

  send(socket: BoardSocket, bytes: Uint8Array): void {
    const connection = this.#connections.get(socket.number);
    this.#after(1, () => {
      if (connection?.isOpen === true) connection.handler.feed(bytes);
      this.#toBoard(() => socket.taken(bytes.length));
    });
  }

  /** Nobody in this network hears datagrams. */
  sendTo(): void {}

  consumed(): void {}

  close(socket: BoardSocket, lost: boolean): void {
    const connection = this.#connections.get(socket.number);
    this.#connections.delete(socket.number);
    if (connection === undefined || lost) return;
    this.#after(1, () => {
      if (!connection.isOpen) return;
      connection.isOpen = false;
      connection.handler.closed();
    });
  }

  #server(port: number): ((side: ServerSide) => ServerHandler) | undefined {
    if (this.#script.brokerPorts.includes(port)) return (side) => this.#broker.accept(side);
    const peer = this.#script.peers.find((candidate) => candidate.port === port);
    return peer === undefined ? undefined : (side) => scriptedPeer(peer, side);
  }

  #open(socket: BoardSocket, accept: (side: ServerSide) => ServerHandler): void {
    socket.opened();
    let isOpen = true;
    const side: ServerSide = {
      peer: { address: this.own.address, port: socket.localPort },
      send: (bytes) => this.#toBoard(() => socket.data(bytes)),
      close: () => {
        isOpen = false;
        const connection = this.#connections.get(socket.number);
        if (connection !== undefined) connection.isOpen = false;
        this.#toBoard(() => socket.ended());
      },
    };
    const handler = accept(side);
    this.#connections.set(socket.number, { handler, isOpen });
  }

  #toBoard(action: () => void): void {
    this.#after(1, () => this.#gate.pass(action));
  }

  #roundTrip(action: () => void): void {
    this.#after(2, () => this.#gate.pass(action));
  }

  #unreachable(socket: BoardSocket, address: string): void {
    const isNeighbour = address.startsWith(serverAddress.slice(0, serverAddress.lastIndexOf(".") + 1));
    const [afterMs, errno] = isNeighbour
      ? [patience.neighbourMs, netErrno.EHOSTUNREACH]
      : [patience.elsewhereMs, netErrno.ECONNABORTED];
    this.#context.at(this.#context.now() + afterMs, () => socket.state === "connecting" && socket.failed(errno));
  }

  /** After so many ways between board and server. */
  #after(ways: number, action: () => void): void {
    this.#context.at(this.#context.now() + ways * this.#script.latencyMs, action);
  }
}
