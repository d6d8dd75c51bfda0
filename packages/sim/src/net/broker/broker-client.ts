import type { ServerSide } from "../server-side.ts";
import type { BrokerSession } from "./broker-state.ts";
import type { ClientPacket, MqttMessage } from "./mqtt-packets.ts";
import { PacketSplitter } from "./packet-splitter.ts";

type Connect = Extract<ClientPacket, { readonly kind: "connect" }>;

/** One connection to a broker, from its first byte to its end. */
export class BrokerClientLink {
  readonly side: ServerSide;
  readonly splitter = new PacketSplitter();
  connect: Connect | undefined;
  session: BrokerSession | undefined;
  will: MqttMessage | undefined;
  /** When something was last heard, ms. */
  heardMs: number;
  cancelKeepAlive: () => void = () => {};
  /** What waits while the broker is silent towards this one: it hangs, it does not forget. */
  readonly held: (() => void)[] = [];

  constructor(side: ServerSide, heardMs: number) {
    this.side = side;
    this.heardMs = heardMs;
  }

  get clientId(): string {
    return this.connect?.clientId ?? "";
  }
}
