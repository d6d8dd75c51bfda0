import type { SimFault } from "@espx/proto";
import type { HostPart, PartChannel } from "../board/host-part.ts";
import type { PartMessage } from "../worker/context.ts";
import { HostSockets } from "./host-sockets.ts";
import type {
  NetLinkLoss,
  NetScriptChange,
  NetSetup,
  NetState,
  SocketEvent,
  SocketRequest,
  TimedSocketEvent,
} from "./net-messages.ts";
import type { BoardAddress, NetScript } from "./net-script.ts";
import type { Station } from "./world/station.ts";
import type { StationOptions } from "./world/station-options.ts";
import type { WorldNetwork } from "./world/world-network.ts";

/** What the network of one board is made of. */
export interface NetHostOptions {
  readonly own: BoardAddress;
  /** The script of the whole world. */
  readonly script: () => NetScript;
  /** The board's name on the network of a virtual world. */
  readonly name: string;
  /** The network of a virtual world; undefined in a real one. */
  readonly network: WorldNetwork | undefined;
  readonly nowMs: () => number;
}

const socketRequests: readonly SocketRequest["type"][] = [
  "net-resolve",
  "net-connect",
  "net-listen",
  "net-adopt",
  "net-bind",
  "net-send",
  "net-sendto",
  "net-consumed",
  "net-secure",
  "net-close",
];

/** The host half of a board's network: the world's script with this board's faults, and its real sockets. */
export class NetHost implements HostPart {
  readonly name = "net";
  readonly #options: NetHostOptions;
  #sockets: HostSockets | undefined;
  #station: Station | undefined;
  #faults: (script: NetScript) => NetScript = (script) => script;
  #channel: PartChannel | undefined;
  #lostUntilMs = 0;

  constructor(options: NetHostOptions) {
    this.#options = options;
  }

  setup(): NetSetup {
    const { own, nowMs } = this.#options;
    return { script: this.#script(), own, lostForMs: Math.max(0, this.#lostUntilMs - nowMs()) };
  }

  connect(channel: PartChannel): void {
    this.#channel = channel;
    const { network } = this.#options;
    if (network === undefined) this.#sockets = this.#newSockets(channel);
    const station = network?.attach(this.#newStation(channel, network));
    this.#station = station;
    channel.on("net-state", ({ address }: NetState, atMs) => {
      const isUp = address !== undefined;
      if (station !== undefined) network?.linkChanged(station, isUp, atMs);
      channel.emit({ kind: "net", state: isUp ? "up" : "down", ...(isUp && { address }) }, atMs);
    });
    for (const type of socketRequests) {
      channel.on(type, (request: SocketRequest, atMs) => {
        this.#sockets?.handle(request);
        if (station !== undefined) network?.request(station, request, atMs);
      });
    }
  }

  disconnect(atMs: number): void {
    this.#channel = undefined;
    this.#sockets?.closeAll();
    this.#sockets = undefined;
    if (this.#station !== undefined) this.#options.network?.detach(this.#station, atMs);
    this.#station = undefined;
  }

  fault(fault: SimFault): boolean {
    switch (fault.kind) {
      case "access-point":
        return this.#alter("accessPoints", (points) => points.map((point) => ({ ...point, up: point.up && fault.up })));
      case "wifi-password":
        return this.#alter("wrongPassword", (wrong) => wrong || fault.wrong);
      case "dhcp":
        return this.#alter("dhcpFails", (fails) => fails || fault.fails);
      case "delay":
        return this.#alter("delayMs", () => fault.ms);
      case "packet-loss":
        return this.#alter("airLossShare", () => fault.percent / 100);
      case "partition":
        return this.#alter("cutOff", () => fault.from);
      case "dns":
        return this.#alter("dnsFails", (fails) => fails || fault.fails);
      case "broker":
        return this.#alter("broker", (world) => {
          if (fault.behaviour === "normal") return world;
          return fault.behaviour === "refuse" ? { kind: "refuse", code: 5 } : { kind: fault.behaviour };
        });
      case "link-loss":
        this.loseLink(fault.forMs ?? 0);
        return true;
      case "clock":
      case "flash-full":
      case "flash-failing":
      case "power-cut":
      case "brown-out":
      case "memory":
      case "hang":
      case "serial":
        return false;
    }
  }

  /** The air fails for a moment, or for `forMs`. */
  loseLink(forMs: number): void {
    this.#lostUntilMs = this.#options.nowMs() + forMs;
    this.#post<NetLinkLoss>({ type: "net-link-loss", forMs });
  }

  /** The world's script changed. */
  scriptChanged(): void {
    this.#post<NetScriptChange>({ type: "net-script", script: this.#script() });
    this.#sockets?.scriptChanged();
  }

  #newSockets(channel: PartChannel): HostSockets {
    return new HostSockets({
      send: (event, transfer) => channel.post(event, transfer),
      bindAddress: this.#options.own.address,
      script: () => this.#script(),
    });
  }

  #newStation(channel: PartChannel, network: WorldNetwork): StationOptions {
    const deliver = (event: SocketEvent): void => {
      const atMs = network.now();
      channel.postAt<TimedSocketEvent>({ type: "net-event", event, atMs }, atMs);
    };
    const { name, own } = this.#options;
    return { name, address: own.address, script: () => this.#script(), deliver };
  }

  #script(): NetScript {
    return this.#faults(this.#options.script());
  }

  /** A fault of one kind replaces the earlier one of that kind. */
  #alter<K extends keyof NetScript>(key: K, change: (value: NetScript[K]) => NetScript[K]): true {
    this.#altered.set(key, (script) => ({ ...script, [key]: change(script[key]) }));
    this.#faults = (script) => [...this.#altered.values()].reduce((altered, alter) => alter(altered), script);
    this.scriptChanged();
    this.#options.network?.scriptChanged();
    return true;
  }

  readonly #altered = new Map<keyof NetScript, (script: NetScript) => NetScript>();

  #post<M extends PartMessage>(message: M): void {
    this.#channel?.post(message);
  }
}
