/** One access point within reach. */
export interface AccessPoint {
  readonly ssid: string;
  /** Empty: open to everybody. */
  readonly password: string;
  readonly up: boolean;
  readonly rssiDbm?: number;
}

/** How a broker behaves towards the boards. */
export type BrokerBehaviour =
  | { readonly kind: "normal" | "silent" | "close" }
  /** Answers each CONNECT with this return code (1 to 5), then closes. */
  | { readonly kind: "refuse"; readonly code: number };

/** A server beside the broker in the scripted network. */
export interface ScriptedPeer {
  readonly port: number;
  /** Sent to each client at once. */
  readonly banner?: Uint8Array;
  /** Sends back what it gets. */
  readonly echo?: boolean;
  /** Closes after it has got so many bytes. */
  readonly closeAfterBytes?: number;
}

/** Everything that is scripted about the network around a board; plain data. */
export interface NetScript {
  readonly accessPoints: readonly AccessPoint[];
  /** Every password is wrong. */
  readonly wrongPassword: boolean;
  /** Nobody gives addresses. */
  readonly dhcpFails: boolean;
  readonly dnsFails: boolean;
  /** Addresses by name, null for one that does not exist; other names lead to the server of the scripted network. */
  readonly names: Readonly<Record<string, string | null>>;
  readonly broker: BrokerBehaviour;
  /** Ports at which a broker is reached. */
  readonly brokerPorts: readonly number[];
  readonly peers: readonly ScriptedPeer[];
  /** One way, between two members of the scripted network. */
  readonly latencyMs: number;
  /** Up to so much longer, another one for each packet. */
  readonly jitterMs: number;
  /** Which share of packets is lost, from 0 to below 1: streams repeat them, datagrams are gone. */
  readonly lossShare: number;
  /** Groups of boards by name, and `server`, without a way between them; who is in none is in one more with the rest. */
  readonly partition: readonly (readonly string[])[];
  /** So much later does each packet cross the air of a board, one way. */
  readonly delayMs: number;
  /** Which share of packets is lost in the air of a board, each way, from 0 to below 1. */
  readonly airLossShare: number;
  /** What a board does not reach though its link is up. */
  readonly cutOff: "nothing" | "broker" | "everything";
}

/** The network that a world has when nobody scripts another. */
export const defaultScript: NetScript = {
  accessPoints: [{ ssid: "espx-sim", password: "espx-sim", up: true }],
  wrongPassword: false,
  dhcpFails: false,
  dnsFails: false,
  names: {},
  broker: { kind: "normal" },
  brokerPorts: [1883],
  peers: [],
  latencyMs: 2,
  jitterMs: 0,
  lossShare: 0,
  partition: [],
  delayMs: 0,
  airLossShare: 0,
  cutOff: "nothing",
};

/** Address of the one server in the scripted network: broker, name server and gateway. */
export const serverAddress = "192.168.7.1";

/** Addresses of a board, as `ifconfig()` has them. */
export interface BoardAddress {
  readonly address: string;
  readonly mask: string;
  readonly gateway: string;
  readonly nameServer: string;
}

/** What the script says about a name: null when it does not exist, undefined when nothing is said. */
export function scriptedAddress({ names }: NetScript, name: string): string | null | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}
