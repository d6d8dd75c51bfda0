import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { lookup } from "node:dns";
import { connect, createServer, type Server, type Socket } from "node:net";
import { ByteQueue } from "../worker/byte-queue.ts";
import { BrokerGuard } from "./broker-guard.ts";
import { errnoOfHost } from "./net-errno.ts";
import type { SocketEvent, SocketRequest } from "./net-messages.ts";
import { type BrokerBehaviour, type NetScript, scriptedAddress } from "./net-script.ts";
import type { TlsOptions } from "./tls-options.ts";
import { upgrade } from "./tls-upgrade.ts";

/** Bytes that a board may have unread before its peer is slowed down: about the chip's receive window. */
const receiveWindowBytes = 16_384;

/** One connection of a board. */
interface Connection {
  readonly socket: Socket;
  readonly guard: BrokerGuard | undefined;
  /** Sent to the board and not read by its program: TLS takes them back. */
  readonly unread: ByteQueue;
}

/** What the sockets of a board need from it. */
export interface HostSocketsOptions {
  readonly send: (event: SocketEvent, transfer?: readonly ArrayBuffer[]) => void;
  /** Where the board's servers listen and its connections come from: 127.x.y.z. */
  readonly bindAddress: string;
  readonly script: () => NetScript;
}

/** The real sockets of one boot of a board, on the host. */
export class HostSockets {
  readonly #options: HostSocketsOptions;
  readonly #connections = new Map<number, Connection>();
  readonly #servers = new Map<number, Server>();
  readonly #datagrams = new Map<number, DatagramSocket>();
  readonly #waiting = new Map<number, Socket>();
  readonly #lost = new Set<Socket>();
  #arrivals = 0;
  #isClosed = false;

  constructor(options: HostSocketsOptions) {
    this.#options = options;
  }

  /** What comes late must not reach the next boot. */
  #send(event: SocketEvent, transfer?: readonly ArrayBuffer[]): void {
    if (!this.#isClosed) this.#options.send(event, transfer);
  }

  /** A request that Node refuses, such as a port that cannot be, fails on the board and not here. */
  handle(request: SocketRequest): void {
    try {
      this.#handle(request);
    } catch (error) {
      const errno = errnoOfHost((error as NodeJS.ErrnoException).code);
      if (request.type === "net-resolve") this.#send({ type: "net-resolved", id: request.id, address: undefined });
      else this.#send({ type: "net-failed", socket: request.socket, errno });
    }
  }

  #handle(request: SocketRequest): void {
    switch (request.type) {
      case "net-resolve":
        return this.#resolve(request.id, request.name);
      case "net-connect":
        return this.#connect(request);
      case "net-listen":
        return this.#listen(request);
      case "net-adopt":
        return this.#adopt(request.socket, request.connection);
      case "net-bind":
        return this.#bind(request.socket, request.port);
      case "net-send":
        return this.#write(request.socket, request.bytes);
      case "net-sendto":
        this.#datagrams.get(request.socket)?.send(request.bytes, request.port, request.address);
        return;
      case "net-consumed":
        return this.#consumed(request.socket, request.count);
      case "net-secure":
        return void this.#secure(request.socket, request.options);
      case "net-close":
        return this.#close(request.socket, request.lost);
    }
  }

  /** The script changed: connections to a broker follow its new behaviour. */
  scriptChanged(): void {
    for (const { guard } of this.#connections.values()) guard?.apply(this.#options.script().broker);
  }

  /** The board is gone, and with it everything it had open. */
  closeAll(): void {
    this.#isClosed = true;
    for (const { socket } of this.#connections.values()) socket.destroy();
    for (const socket of [...this.#waiting.values(), ...this.#lost]) socket.destroy();
    for (const server of this.#servers.values()) server.close();
    for (const datagram of this.#datagrams.values()) datagram.close();
    for (const table of [this.#connections, this.#waiting, this.#servers, this.#datagrams, this.#lost]) table.clear();
  }

  #resolve(id: number, name: string): void {
    const answer = (address: string | undefined): void => this.#send({ type: "net-resolved", id, address });
    const script = this.#options.script();
    const scripted = scriptedAddress(script, name);
    if (script.dnsFails || scripted === null) return answer(undefined);
    if (scripted !== undefined) return answer(scripted);
    lookup(name, { family: 4 }, (error, address) => answer(error === null ? address : undefined));
  }

  #connect({ socket: number, address, port }: { socket: number; address: string; port: number }): void {
    const { brokerPorts, broker } = this.#options.script();
    const local = address.startsWith("127.") ? { localAddress: this.#options.bindAddress } : {};
    const socket = connect({ host: address, port, allowHalfOpen: true, ...local });
    socket.once("connect", () => this.#send({ type: "net-opened", socket: number }));
    this.#attach(number, socket, brokerPorts.includes(port) ? broker : undefined);
  }

  /** @param broker - how the broker at the other end behaves, when there is one */
  #attach(number: number, socket: Socket, broker?: BrokerBehaviour): void {
    const isCurrent = (): boolean => this.#connections.get(number) === connection;
    const receive = (bytes: Uint8Array): void => {
      if (!isCurrent()) return;
      connection.unread.push(bytes);
      if (connection.unread.lengthBytes > receiveWindowBytes) socket.pause();
      const own = new Uint8Array(bytes);
      this.#send({ type: "net-data", socket: number, bytes: own }, [own.buffer]);
    };
    const ended = (): void => {
      if (isCurrent()) this.#send({ type: "net-ended", socket: number });
    };
    const guard = broker && new BrokerGuard(socket, broker, { receive, ended });
    const connection: Connection = { socket, guard, unread: new ByteQueue() };
    this.#connections.set(number, connection);
    socket.setNoDelay(true);
    if (guard === undefined) socket.on("data", receive);
    socket.on("end", ended);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (isCurrent()) this.#send({ type: "net-failed", socket: number, errno: errnoOfHost(error.code) });
    });
    socket.on("close", () => this.#lost.delete(socket));
  }

  #listen({ socket: number, port, backlog }: { socket: number; port: number; backlog: number }): void {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      if (this.#servers.get(number) !== server) return void socket.destroy();
      const connection = this.#arrivals++;
      this.#waiting.set(connection, socket);
      const { remoteAddress: address = "", remotePort = 0 } = socket;
      this.#send({ type: "net-accepted", socket: number, connection, address, port: remotePort });
    });
    this.#servers.set(number, server);
    this.#announce(number, server, () => (server.address() as { port: number }).port);
    server.listen({ port, host: this.#options.bindAddress, backlog });
  }

  #adopt(number: number, connection: number): void {
    const socket = this.#waiting.get(connection);
    if (socket === undefined) return;
    this.#waiting.delete(connection);
    this.#attach(number, socket);
    socket.resume();
  }

  #bind(number: number, port: number): void {
    const datagram = createSocket({ type: "udp4", reuseAddr: true });
    this.#datagrams.set(number, datagram);
    datagram.on("message", (bytes, { address, port: from }) => {
      const own = new Uint8Array(bytes);
      this.#send({ type: "net-datagram", socket: number, bytes: own, address, port: from }, [own.buffer]);
    });
    this.#announce(number, datagram, () => datagram.address().port);
    datagram.bind(port, this.#options.bindAddress);
  }

  #announce(number: number, source: NodeJS.EventEmitter, port: () => number): void {
    source.once("listening", () => this.#send({ type: "net-bound", socket: number, port: port() }));
    source.on("error", (error: NodeJS.ErrnoException) =>
      this.#send({ type: "net-failed", socket: number, errno: errnoOfHost(error.code) }),
    );
  }

  #write(number: number, bytes: Uint8Array<ArrayBuffer>): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    const taken = (): void => this.#send({ type: "net-taken", socket: number, count: bytes.length });
    if (connection.guard === undefined) connection.socket.write(bytes, taken);
    else connection.guard.write(bytes, taken);
  }

  #consumed(number: number, count: number): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    connection.unread.read(new Uint8Array(count));
    const hasRoom = connection.unread.lengthBytes <= receiveWindowBytes / 2;
    if (connection.socket.isPaused() && hasRoom) connection.socket.resume();
  }

  async #secure(number: number, options: TlsOptions): Promise<void> {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    const { socket, unread } = connection;
    for (const event of ["data", "end"]) socket.removeAllListeners(event);
    socket.pause();
    const taken = new Uint8Array(unread.lengthBytes);
    unread.read(taken);
    if (taken.length > 0) socket.unshift(taken);
    const { outcome, socket: secured } = await upgrade(socket, options);
    if (this.#connections.get(number) !== connection) return void secured?.destroy();
    const { brokerPorts, broker } = this.#options.script();
    const isBroker = !options.server && brokerPorts.includes(socket.remotePort ?? 0);
    this.#send({ type: "net-secured", socket: number, outcome });
    if (secured !== undefined) this.#attach(number, secured, isBroker ? broker : undefined);
    else socket.destroy();
  }

  #close(number: number, lost: boolean): void {
    const connection = this.#connections.get(number);
    this.#connections.delete(number);
    // Out of reach, the peer hears nothing until its own patience ends.
    if (connection !== undefined && lost) this.#lost.add(connection.socket);
    else connection?.socket.destroySoon();
    this.#servers.get(number)?.close();
    this.#servers.delete(number);
    this.#datagrams.get(number)?.close();
    this.#datagrams.delete(number);
  }
}
