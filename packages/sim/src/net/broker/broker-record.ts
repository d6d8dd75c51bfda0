import type { MqttMessage } from "./mqtt-packets.ts";
import type { SessionSnapshot } from "./broker-state.ts";

/** A client that is connected now. */
export interface BrokerClient {
  readonly clientId: string;
  readonly keepAliveS: number;
  readonly username: string | undefined;
  readonly will: MqttMessage | undefined;
}

/** What happened in a broker, as the host keeps it. */
export type BrokerRecord =
  /** `from` is the client, undefined when the host itself or a will published. */
  | { readonly kind: "published"; readonly message: MqttMessage; readonly from: string | undefined }
  | ({ readonly kind: "client-up" } & BrokerClient)
  | { readonly kind: "client-down"; readonly clientId: string }
  /** A session that outlives its connection, as it is now. */
  | { readonly kind: "session"; readonly session: SessionSnapshot }
  | { readonly kind: "session-end"; readonly clientId: string }
  | {
      readonly kind: "packet";
      readonly to: "broker" | "client";
      readonly clientId: string;
      readonly bytes: Uint8Array;
    };
