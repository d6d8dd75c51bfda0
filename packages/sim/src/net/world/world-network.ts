import type { HostWork } from "../../board/world-turns.ts";
import type { BrokerRecord } from "../broker/broker-record.ts";
import { MiniBroker } from "../broker/mini-broker.ts";
import type { NetAddress } from "../net-address.ts";
import { netErrno } from "../net-errno.ts";
import type { SocketEvent, SocketRequest } from "../net-messages.ts";
import { type NetScript, scriptedAddress, serverAddress } from "../net-script.ts";
import { scriptedPeer } from "../scripted-peer.ts";
import type { ServerHandler, ServerSide } from "../server-side.ts";
import { EventQueue } from "./event-queue.ts";
import { Station } from "./station.ts";
import type { StationOptions } from "./station-options.ts";
import { Stream } from "./stream.ts";
import { BoardEnd, ServerEnd, type StreamEnd } from "./stream-end.ts";
import { serverName, Transit } from "./transit.ts";

/** How long a chip tries before it gives up: ARP for a neighbour, SYN for anybody else. */
const patience = { neighbourMs: 3000, elsewhereMs: 18_000 } as const;

const prefix = serverAddress.slice(0, serverAddress.lastIndexOf(".") + 1);

/** Addresses that mean everybody in the network. */
const broadcast = [`${prefix}255`, "255.255.255.255"];

type Request<T extends SocketRequest["type"]> = Extract<SocketRequest, { readonly type: T }>;

/** What the network of a world is made of. */
export interface WorldNetworkOptions {
  readonly seed: number;
  readonly script: () => NetScript;
  readonly record: (record: BrokerRecord, atMs: number) => void;
}

/**
 * The network of a world in virtual time: its boards, one server with a broker and scripted peers, a name service.
 * It runs on the host; what boards ask of it arrives in the order of their time, and what it does has a time itself.
 */
export class WorldNetwork implements HostWork {
  readonly broker: MiniBroker;
  readonly #queue = new EventQueue();
  readonly #transit: Transit;
  readonly #script: () => NetScript;
  readonly #stations = new Map<string, Station>();
  readonly #names = new Map<string, string>();
  readonly #streams = new WeakMap<StreamEnd, Stream>();

  constructor({ seed, script, record }: WorldNetworkOptions) {
    this.#script = script;
    this.#transit = new Transit(seed, script);
    this.broker = new MiniBroker({
      clock: this.#queue,
      behaviour: script().broker,
      record: (entry) => record(entry, this.#queue.now()),
    });
  }

  get nextUs(): number {
    return this.#queue.nextUs;
  }

  /** Half a way, so that nothing arrives at the very limit. */
  get lookaheadUs(): number {
    return this.#script().latencyMs * 500;
  }

  run(untilUs: number): void {
    this.#queue.run(untilUs);
  }

  now(): number {
    return this.#queue.now();
  }

  /** Acts now when all that was to happen before `atMs` has happened, else then. */
  at(atMs: number, act: () => void): void {
    if (atMs <= this.#queue.now()) act();
    else this.#queue.at(atMs, act);
  }

  /** A board of that name has that address, whether it runs or not. */
  name(name: string, address: string): void {
    this.#names.set(name, address);
  }

  /** A board has power. */
  attach(options: StationOptions): Station {
    const station = new Station(options);
    this.#stations.set(station.address, station);
    return station;
  }

  /** The power of a board is gone: its servers see their clients leave, its peers see nothing. */
  detach(station: Station, atMs: number): void {
    this.at(atMs, () => {
      if (this.#stations.get(station.address) === station) this.#stations.delete(station.address);
      for (const end of station.ends()) {
        end.isGone = true;
        this.#streams.get(end)?.cut(end);
      }
    });
  }

  /** A board joined the access point or left it. */
  linkChanged(station: Station, isUp: boolean, atMs: number): void {
    this.#queue.at(atMs, () => (station.isUp = isUp));
  }

  /** The script changed. */
  scriptChanged(): void {
    this.broker.setBehaviour(this.#script().broker);
  }

  /** A board asks something at `atMs` of its time. */
  request(station: Station, request: SocketRequest, atMs: number): void {
    this.#queue.at(atMs, () => this.#handle(station, request));
  }

  #handle(station: Station, request: SocketRequest): void {
    const end = "socket" in request ? station.streams.get(request.socket) : undefined;
    switch (request.type) {
      case "net-resolve":
        return this.#resolve(station, request);
      case "net-connect":
        return this.#connect(station, request);
      case "net-listen":
        return void station.listeners.set(request.port, request.socket);
      case "net-adopt":
        return this.#adopt(station, request);
      case "net-bind":
        return void station.datagrams.set(request.port, request.socket);
      case "net-send":
        return end && this.#streams.get(end)?.send(end, request.bytes);
      case "net-sendto":
        return this.#sendTo(station, request);
      case "net-consumed":
        return end?.consumed(request.count);
      case "net-close":
        if (end !== undefined) this.#close(end, request.lost);
        return station.forget(request.socket);
      case "net-secure":
        // Never asked: there is no TLS in virtual time.
        return;
    }
  }

  #resolve(station: Station, { id, name }: Request<"net-resolve">): void {
    if (!this.#transit.reaches(station.name, serverName)) return;
    this.#after(2, () => {
      const script = station.script();
      const scripted = scriptedAddress(script, name);
      const known = scripted ?? this.#names.get(name) ?? serverAddress;
      station.deliver({ type: "net-resolved", id, address: script.dnsFails || scripted === null ? undefined : known });
    });
  }

  #connect(station: Station, request: Request<"net-connect">): void {
    const end = new BoardEnd(station, request.localPort ?? 0, request.socket);
    station.streams.set(request.socket, end);
    const { address } = request;
    if (address === serverAddress && this.#transit.reaches(station.name, serverName)) {
      this.#after(2, () => this.#reachServer(end, request));
    } else if (address !== serverAddress && address.startsWith(prefix)) {
      const giveUpMs = this.#queue.now() + patience.neighbourMs;
      this.#after(1, () => this.#reachBoard(end, request, giveUpMs));
    } else this.#giveUp(end, netErrno.ECONNABORTED, this.#queue.now() + patience.elsewhereMs);
  }

  #reachServer(end: BoardEnd, { port }: NetAddress): void {
    if (!isWanted(end)) return;
    const serve = this.#server(end.station, port);
    if (serve === undefined) return end.failed(netErrno.ECONNREFUSED);
    const server = new ServerEnd(serverName, { address: serverAddress, port });
    const stream = this.#join(end, server);
    end.opened();
    server.handler = serve({
      peer: end.address,
      behaviour: () => behaviourOf(end.station.script(), this.#script()),
      send: (bytes) => stream.send(server, bytes),
      close: () => {
        server.isGone = true;
        stream.close(server);
      },
    });
  }

  #reachBoard(end: BoardEnd, { address, port }: NetAddress, giveUpMs: number): void {
    const target = this.#stations.get(address);
    const from = end.station.name;
    if (target === undefined || !target.isUp || !this.#transit.reaches(from, target.name)) {
      return this.#giveUp(end, netErrno.EHOSTUNREACH, giveUpMs);
    }
    const listener = target.listeners.get(port);
    if (listener === undefined) return this.#after(1, () => isWanted(end) && end.failed(netErrno.ECONNREFUSED));
    const arrival = new BoardEnd(target, port, undefined);
    this.#join(end, arrival);
    const connection = target.arrived(arrival);
    target.deliver({ type: "net-accepted", socket: listener, connection, ...end.address });
    this.#after(1, () => isWanted(end) && end.opened());
  }

  #giveUp(end: BoardEnd, errno: number, atMs: number): void {
    this.#queue.at(atMs, () => isWanted(end) && end.failed(errno));
  }

  #adopt(station: Station, { socket, connection }: Request<"net-adopt">): void {
    const end = station.arrivals.get(connection);
    if (end === undefined) return;
    station.arrivals.delete(connection);
    station.streams.set(socket, end);
    end.adopt(socket);
  }

  #sendTo(station: Station, { socket, bytes, address, port }: Request<"net-sendto">): void {
    const [from] = [...station.datagrams].find(([, bound]) => bound === socket) ?? [0];
    const targets = [...this.#stations.values()].filter(
      (target) => target.address === address || (broadcast.includes(address) && target !== station),
    );
    for (const target of targets) {
      if (!this.#transit.reaches(station.name, target.name) || this.#transit.isLost()) continue;
      const event: SocketEvent = { type: "net-datagram", socket: 0, bytes, address: station.address, port: from };
      this.#after(1, () => {
        const bound = target.datagrams.get(port);
        if (bound !== undefined && target.isUp) target.deliver({ ...event, socket: bound });
      });
    }
  }

  /** Out of reach, the peer hears nothing until its own patience ends. */
  #close(end: BoardEnd, lost: boolean): void {
    if (!lost) this.#streams.get(end)?.close(end);
    end.isGone = true;
  }

  #server(station: StationOptions, port: number): ((side: ServerSide) => ServerHandler) | undefined {
    const { brokerPorts, peers } = station.script();
    if (brokerPorts.includes(port)) return (side) => this.broker.accept(side);
    const peer = peers.find((candidate) => candidate.port === port);
    return peer === undefined ? undefined : (side) => scriptedPeer(peer, side);
  }

  #join(a: StreamEnd, b: StreamEnd): Stream {
    const stream = new Stream({ queue: this.#queue, transit: this.#transit }, a, b);
    this.#streams.set(a, stream);
    this.#streams.set(b, stream);
    return stream;
  }

  /** After so many ways between two members. */
  #after(ways: number, act: () => void): void {
    let afterMs = 0;
    for (let way = 0; way < ways; way++) afterMs += this.#transit.delayMs();
    this.#queue.at(this.#queue.now() + afterMs, act);
  }
}

/** Whether the board still waits for the stream. */
function isWanted(end: BoardEnd): boolean {
  return !end.isGone;
}

/** How the broker treats a board in particular; undefined: as everybody. */
function behaviourOf(board: NetScript, world: NetScript): NetScript["broker"] | undefined {
  return board.broker === world.broker ? undefined : board.broker;
}
