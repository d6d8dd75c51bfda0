import type { WorkerContext } from "../worker/context.ts";
import { type BoardSocket, sendBufferBytes } from "./board-socket.ts";
import type { LinkGate } from "./link-gate.ts";
import type { NetAddress } from "./net-address.ts";
import type { NetBackend } from "./net-backend.ts";
import { netErrno } from "./net-errno.ts";
import type { SocketEvent, SocketRequest, TimedSocketEvent } from "./net-messages.ts";
import { type BoardAddress, serverAddress } from "./net-script.ts";
import type { SocketStack } from "./socket-stack.ts";

/** Where the chip's own ports start when it chooses one. */
const firstOwnPort = 49_152;

/** The network of a world in virtual time: the host has it, and what it says has a time at which it is seen. */
export class WorldBackend implements NetBackend {
  readonly own: BoardAddress;
  readonly #context: WorkerContext;
  readonly #gate: LinkGate;
  readonly #latencyMs: () => number;
  readonly #resolving = new Map<number, (address: string | undefined) => void>();
  readonly #ports = new Map<number, number>();
  /** What the server takes of each stream, and when. */
  readonly #taken = new WeakMap<BoardSocket, { readonly atMs: number; readonly count: number }[]>();
  #stack: SocketStack | undefined;
  #resolved = 0;
  #ownPort = firstOwnPort;

  /** @param latencyMs - shortest time of one way */
  constructor(context: WorkerContext, gate: LinkGate, parts: { own: BoardAddress; latencyMs: () => number }) {
    this.#context = context;
    this.#gate = gate;
    this.own = parts.own;
    this.#latencyMs = parts.latencyMs;
  }

  /** Starts to hear the host; what arrives passes the air first. */
  attach(stack: SocketStack): void {
    this.#stack = stack;
    this.#context.on("net-event", ({ event, atMs }: TimedSocketEvent) => {
      const take = (): void => this.#take(event);
      this.#context.at(atMs, () => {
        if (event.type === "net-datagram") this.#gate.late(take);
        else this.#gate.pass(take, this.#peerOf(event));
      });
    });
  }

  resolve(name: string, done: (address: string | undefined) => void): void {
    const id = this.#resolved++;
    this.#resolving.set(id, done);
    this.#request({ type: "net-resolve", id, name });
  }

  connect(socket: BoardSocket, to: NetAddress): void {
    socket.localPort = this.#ownPort++;
    this.#request({ type: "net-connect", socket: socket.number, localPort: socket.localPort, ...to });
  }

  listen(socket: BoardSocket, port: number, backlog: number): void {
    if (this.#takePort(socket, port)) {
      this.#request({ type: "net-listen", socket: socket.number, port: socket.localPort, backlog });
    }
  }

  bind(socket: BoardSocket, port: number): void {
    if (this.#takePort(socket, port)) {
      this.#request({ type: "net-bind", socket: socket.number, port: socket.localPort });
    }
  }

  /** What a server takes is counted here, what another board takes is told by the host. */
  send(socket: BoardSocket, bytes: Uint8Array): void {
    this.#request({ type: "net-send", socket: socket.number, bytes: new Uint8Array(bytes) });
    if (!isServed(socket)) return;
    this.#count(socket, bytes.length);
  }

  sendTo(socket: BoardSocket, bytes: Uint8Array, to: NetAddress): void {
    this.#request({ type: "net-sendto", socket: socket.number, bytes: new Uint8Array(bytes), ...to });
  }

  consumed(socket: BoardSocket, count: number): void {
    if (!isServed(socket)) this.#request({ type: "net-consumed", socket: socket.number, count });
  }

  close(socket: BoardSocket, lost: boolean): void {
    this.#ports.delete(socket.number);
    this.#request({ type: "net-close", socket: socket.number, lost });
  }

  /** A board wakes for what was taken only when a program may wait for the room. */
  #count(socket: BoardSocket, count: number): void {
    const taken = this.#taken.get(socket) ?? [];
    if (taken.length === 0) {
      this.#taken.set(socket, taken);
      socket.settle = () => {
        while (this.#gate.reaches(socket.peer) && taken[0] !== undefined && taken[0].atMs <= this.#context.now())
          socket.taken(taken.shift()?.count ?? 0);
      };
    }
    const atMs = this.#context.now() + 2 * this.#latencyMs();
    taken.push({ atMs, count });
    if (socket.unsentBytes > sendBufferBytes / 2)
      this.#context.at(atMs, () => this.#gate.pass(socket.settle, socket.peer));
  }

  #request(request: SocketRequest): void {
    this.#context.post(request);
    this.#context.hostBy(this.#context.now() + this.#latencyMs());
  }

  /** A port belongs to the board itself: nobody else is asked. */
  #takePort(socket: BoardSocket, port: number): boolean {
    if (port !== 0 && this.#isTaken(socket, port)) {
      socket.failed(netErrno.EADDRINUSE);
      return false;
    }
    socket.bound(port === 0 ? this.#ownPort++ : port);
    this.#ports.set(socket.number, socket.localPort);
    return true;
  }

  #isTaken(socket: BoardSocket, port: number): boolean {
    return [...this.#ports].some(
      ([number, taken]) => taken === port && number !== socket.number && this.#stack?.get(number)?.kind === socket.kind,
    );
  }

  #peerOf(event: SocketEvent): NetAddress | undefined {
    return event.type === "net-resolved" ? undefined : this.#stack?.get(event.socket)?.peer;
  }

  #take(event: SocketEvent): void {
    if (event.type === "net-resolved") {
      this.#resolving.get(event.id)?.(event.address);
      this.#resolving.delete(event.id);
      return;
    }
    const socket = this.#stack?.get(event.socket);
    if (socket !== undefined) this.#show(socket, event);
  }

  #show(socket: BoardSocket, event: Exclude<SocketEvent, { readonly type: "net-resolved" }>): void {
    switch (event.type) {
      case "net-opened":
        return socket.opened();
      case "net-failed":
        return socket.failed(event.errno);
      case "net-data":
        return socket.data(event.bytes);
      case "net-datagram":
        if (!this.#gate.losesDatagram(event)) socket.datagrams.push({ bytes: event.bytes, from: event });
        return;
      case "net-ended":
        return socket.ended();
      case "net-taken":
        return socket.taken(event.count);
      case "net-bound":
        return socket.bound(event.port);
      case "net-accepted":
        return this.#adopt(socket, event);
      case "net-secured":
        // Never told: there is no TLS in virtual time.
        return;
    }
  }

  #adopt(
    listener: BoardSocket,
    { connection, address, port }: Extract<SocketEvent, { readonly type: "net-accepted" }>,
  ): void {
    const { number } = this.#stack?.arrived(listener, { address, port }) ?? {};
    if (number !== undefined) this.#request({ type: "net-adopt", socket: number, connection });
  }
}

/** Whether the other end is the server of the network. */
function isServed(socket: BoardSocket): boolean {
  return socket.peer?.address === serverAddress;
}
