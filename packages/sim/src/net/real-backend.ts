import type { WorkerContext } from "../worker/context.ts";
import type { BoardSocket } from "./board-socket.ts";
import type { LinkGate } from "./link-gate.ts";
import type { NetAddress } from "./net-address.ts";
import type { NetBackend } from "./net-backend.ts";
import type { SocketEvent, SocketRequest } from "./net-messages.ts";
import type { BoardAddress } from "./net-script.ts";
import type { TlsOptions } from "./tls-options.ts";
import type { SocketStack } from "./socket-stack.ts";

type EventOf<T extends SocketEvent["type"]> = Extract<SocketEvent, { readonly type: T }>;

/** The host's real network: the host half of the board has the sockets, this half their messages. */
export class RealBackend implements NetBackend {
  readonly own: BoardAddress;
  readonly #context: WorkerContext;
  readonly #gate: LinkGate;
  readonly #resolving = new Map<number, (address: string | undefined) => void>();
  #resolved = 0;

  constructor(context: WorkerContext, gate: LinkGate, own: BoardAddress) {
    this.#context = context;
    this.#gate = gate;
    this.own = own;
  }

  /** Starts to hear the host; what arrives for a socket passes the air first. */
  attach(stack: SocketStack): void {
    const on = <T extends SocketEvent["type"]>(type: T, act: (socket: BoardSocket, event: EventOf<T>) => void): void =>
      this.#context.on(type, (event: EventOf<T>) => {
        const find = (): BoardSocket | undefined => ("socket" in event ? stack.get(event.socket) : undefined);
        const arrive = (): void => {
          const socket = find();
          if (socket !== undefined) act(socket, event);
        };
        if (type === "net-datagram") this.#gate.late(arrive);
        else this.#gate.pass(arrive, find()?.peer);
      });
    on("net-opened", (socket) => socket.opened());
    on("net-failed", (socket, { errno }) => socket.failed(errno));
    on("net-data", (socket, { bytes }) => socket.data(bytes));
    on("net-datagram", (socket, { bytes, address, port }) => {
      if (!this.#gate.losesDatagram({ address, port })) socket.datagrams.push({ bytes, from: { address, port } });
    });
    on("net-ended", (socket) => socket.ended());
    on("net-taken", (socket, { count }) => socket.taken(count));
    on("net-secured", (socket, { outcome }) => socket.secured(outcome));
    on("net-accepted", (socket, { connection, address, port }) => {
      this.#request({ type: "net-adopt", socket: stack.arrived(socket, { address, port }).number, connection });
    });
    // A port belongs to the board itself: it needs no air.
    this.#context.on("net-bound", ({ socket, port }: EventOf<"net-bound">) => stack.get(socket)?.bound(port));
    this.#context.on("net-resolved", ({ id, address }: EventOf<"net-resolved">) => {
      this.#gate.pass(() => {
        this.#resolving.get(id)?.(address);
        this.#resolving.delete(id);
      });
    });
  }

  resolve(name: string, done: (address: string | undefined) => void): void {
    const id = this.#resolved++;
    this.#resolving.set(id, done);
    this.#request({ type: "net-resolve", id, name });
  }

  connect({ number }: BoardSocket, to: NetAddress): void {
    this.#request({ type: "net-connect", socket: number, ...to });
  }

  listen({ number }: BoardSocket, port: number, backlog: number): void {
    this.#request({ type: "net-listen", socket: number, port, backlog });
  }

  bind({ number }: BoardSocket, port: number): void {
    this.#request({ type: "net-bind", socket: number, port });
  }

  send({ number }: BoardSocket, bytes: Uint8Array): void {
    const own = new Uint8Array(bytes);
    this.#request({ type: "net-send", socket: number, bytes: own }, [own.buffer]);
  }

  sendTo({ number }: BoardSocket, bytes: Uint8Array, to: NetAddress): void {
    const own = new Uint8Array(bytes);
    this.#request({ type: "net-sendto", socket: number, bytes: own, ...to }, [own.buffer]);
  }

  consumed({ number }: BoardSocket, count: number): void {
    this.#request({ type: "net-consumed", socket: number, count });
  }

  secure({ number }: BoardSocket, options: TlsOptions): void {
    this.#request({ type: "net-secure", socket: number, options });
  }

  close({ number }: BoardSocket, lost: boolean): void {
    this.#request({ type: "net-close", socket: number, lost });
  }

  #request(request: SocketRequest, transfer: readonly ArrayBuffer[] = []): void {
    this.#context.post(request, transfer);
  }
}
