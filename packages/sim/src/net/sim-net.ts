import type { Clock } from "@espx/proto";
import type { HostPart } from "../board/host-part.ts";
import { NetHost } from "./net-host.ts";
import {
  type AccessPoint,
  type BoardAddress,
  defaultScript,
  type NetScript,
  type ScriptedPeer,
  serverAddress,
} from "./net-script.ts";
import { SimBroker } from "./sim-broker.ts";
import { WorldNetwork, type WorldNetworkOptions } from "./world/world-network.ts";

/** What a world's network is made of. */
export interface SimNetOptions {
  readonly mode: "real" | "virtual";
  readonly clock: Pick<Clock, "now">;
  /** Real mode: the broker that boards use; without it the faults of a broker apply to port 1883. */
  readonly brokerUrl?: string;
  /** Virtual mode: fixes jitter and loss; 1. */
  readonly seed?: number;
}

/** When the host may act on a world in virtual time. */
export interface NetTurns {
  readonly nowUs: number;
  /** Acts at once, or when the boards have passed the baton on. */
  inTurn(act: () => void): void;
}

/** The network around the boards of a world: one access point, names, a broker; each can be made to fail. */
export class SimNet {
  readonly mode: "real" | "virtual";
  readonly broker: SimBroker;
  /** Virtual mode: what runs between the boards. */
  readonly network: WorldNetwork | undefined;
  readonly #clock: Pick<Clock, "now">;
  readonly #boards: NetHost[] = [];
  #script: NetScript;
  #turns: NetTurns | undefined;

  constructor({ mode, clock, brokerUrl, seed = 1 }: SimNetOptions) {
    this.mode = mode;
    this.#clock = clock;
    this.#script = { ...defaultScript, ...(brokerUrl !== undefined && { brokerPorts: [portOf(brokerUrl)] }) };
    this.broker = new SimBroker(mode, {
      setBehaviour: (behaviour) => this.#change({ broker: behaviour }),
      command: (act) => this.#inTurn((network) => act(network.broker)),
    });
    if (mode === "virtual") {
      const record: WorldNetworkOptions["record"] = (entry, atMs) => this.broker.mirror.apply(entry, atMs);
      this.network = new WorldNetwork({ seed, script: () => this.#script, record });
    }
  }

  /**
   * The network part of one more board.
   *
   * @param bindAddress - real mode: where its servers listen, 127.x.y.z; one of its own when not given
   * @param name - virtual mode: by which other boards find it
   */
  join(bindAddress?: string, name = `board-${this.#boards.length}`): HostPart {
    const index = this.#boards.length;
    const own = this.mode === "virtual" ? virtualAddress(index) : realAddress(bindAddress ?? loopbackAddress(index));
    const { network } = this;
    network?.name(name, own.address);
    const board = new NetHost({ name, own, script: () => this.#script, network, nowMs: () => this.#clock.now() });
    this.#boards.push(board);
    return board;
  }

  /** Adds an access point, or changes the one of that name; without a name, changes all. */
  accessPoint(change: Partial<AccessPoint>): void {
    const { accessPoints } = this.#script;
    const isMeant = ({ ssid }: AccessPoint): boolean => change.ssid === undefined || ssid === change.ssid;
    const changed = accessPoints.map((point) => (isMeant(point) ? { ...point, ...change } : point));
    const isNew = change.ssid !== undefined && !accessPoints.some(isMeant);
    const added = isNew ? [{ ssid: change.ssid ?? "", password: "", up: true, ...change }] : [];
    this.#change({ accessPoints: [...changed, ...added] });
  }

  /** Whether access points refuse every password. */
  wifiPassword(wrong: boolean): void {
    this.#change({ wrongPassword: wrong });
  }

  /** Whether every name look-up fails. */
  dns(fails: boolean): void {
    this.#change({ dnsFails: fails });
  }

  /** Gives names addresses; null for a name that shall not exist. */
  names(names: Readonly<Record<string, string | null>>): void {
    this.#change({ names: { ...this.#script.names, ...names } });
  }

  /** The air fails for every board: for a moment, or for `forMs`. */
  linkLoss(forMs = 0): void {
    for (const board of this.#boards) board.loseLink(forMs);
  }

  /** Virtual mode: adds a server at the scripted address, or replaces the one at that port. */
  peer(peer: ScriptedPeer): void {
    this.#change({ peers: [...this.#script.peers.filter(({ port }) => port !== peer.port), peer] });
  }

  /** Ports at which a broker is reached. */
  brokerPorts(...ports: readonly number[]): void {
    this.#change({ brokerPorts: ports });
  }

  /** Virtual mode: time of one way between a board and a server. */
  latency(ms: number): void {
    this.#change({ latencyMs: ms });
  }

  /** Virtual mode: up to so much is added to the time of each way, another one for each packet. */
  jitter(ms: number): void {
    this.#change({ jitterMs: ms });
  }

  /**
   * Virtual mode: loses packets.
   *
   * @param share - which share, from 0 to below 1
   */
  loss(share: number): void {
    this.#change({ lossShare: share });
  }

  /**
   * Virtual mode: cuts the network into groups without a way between them, until `heal`.
   *
   * @param groups - boards by name, `server` for the broker and the name service; the rest is one more group
   */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#change({ partition: groups });
  }

  /** Virtual mode: ends a partition; streams go on with their next repetition. */
  heal(): void {
    this.#change({ partition: [] });
  }

  /** Virtual mode: joins the world that the network is in. */
  attach(turns: NetTurns): void {
    this.#turns = turns;
  }

  #change(change: Partial<NetScript>): void {
    this.#script = { ...this.#script, ...change };
    for (const board of this.#boards) board.scriptChanged();
    this.#inTurn((network) => network.scriptChanged());
  }

  /** Between the boards' turns, and not before what they did until now. */
  #inTurn(act: (network: WorldNetwork) => void): void {
    const { network } = this;
    if (network === undefined) return;
    const turns = this.#turns ?? { nowUs: 0, inTurn: (now: () => void) => now() };
    turns.inTurn(() => network.at(turns.nowUs / 1000, () => act(network)));
  }
}

function portOf(brokerUrl: string): number {
  const { port, protocol } = new URL(brokerUrl);
  return port === "" ? (protocol === "mqtts:" ? 8883 : 1883) : Number(port);
}

function virtualAddress(index: number): BoardAddress {
  const prefix = serverAddress.slice(0, serverAddress.lastIndexOf("."));
  return {
    address: `${prefix}.${index + 2}`,
    mask: "255.255.255.0",
    gateway: serverAddress,
    nameServer: serverAddress,
  };
}

function realAddress(address: string): BoardAddress {
  return { address, mask: "255.0.0.0", gateway: "127.0.0.1", nameServer: "127.0.0.1" };
}

/** Linux answers at all of 127.0.0.0/8, so that each board can have the same ports; others have one address only. */
function loopbackAddress(index: number): string {
  if (process.platform !== "linux") return "127.0.0.1";
  return `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
}
