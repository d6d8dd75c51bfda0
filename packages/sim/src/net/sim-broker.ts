import { RefusedError } from "@espx/proto";
import type { MiniBroker } from "./broker/mini-broker.ts";
import { BrokerMirror, type LoggedPacket, type PublishedMessage } from "./broker/broker-mirror.ts";
import type { BrokerBehaviour } from "./net-script.ts";

/** What a broker's control reaches. */
export interface SimBrokerLink {
  setBehaviour(behaviour: BrokerBehaviour): void;
  /** Virtual mode: does something with the broker when the host has its turn. */
  command(act: (broker: MiniBroker) => void): void;
}

/** How a message is published. */
export interface PublishOptions {
  readonly retain?: boolean;
  readonly qos?: 0 | 1;
  /** Marks it as a repetition. */
  readonly dup?: boolean;
}

/**
 * The broker that the boards of a world see.
 *
 * In virtual mode it is part of the world, and what it saw is here. In real mode it is a program of its own: only how
 * it behaves towards the boards can be changed.
 */
export class SimBroker {
  readonly #mirror: BrokerMirror | undefined;
  readonly #link: SimBrokerLink;

  constructor(mode: "real" | "virtual", link: SimBrokerLink) {
    this.#mirror = mode === "virtual" ? new BrokerMirror() : undefined;
    this.#link = link;
  }

  /** Everything that was published, in order. @throws RefusedError `sim/broker-real` in real mode */
  get published(): readonly PublishedMessage[] {
    return this.mirror.published;
  }

  /** Every packet, in order. @throws RefusedError `sim/broker-real` in real mode */
  get packets(): readonly LoggedPacket[] {
    return this.mirror.packets;
  }

  /** Identifiers of the connected clients. @throws RefusedError `sim/broker-real` in real mode */
  get clients(): readonly string[] {
    return [...this.mirror.clients.keys()];
  }

  /** Retained messages by topic, as text. @throws RefusedError `sim/broker-real` in real mode */
  get retained(): ReadonlyMap<string, string> {
    const decoder = new TextDecoder();
    return new Map([...this.mirror.state.retained].map(([topic, { payload }]) => [topic, decoder.decode(payload)]));
  }

  /** Publishes to the boards. @throws RefusedError `sim/broker-real` in real mode */
  publish(
    topic: string,
    payload: Uint8Array | string,
    { retain = false, qos = 0, dup = false }: PublishOptions = {},
  ): void {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload.slice();
    const message = { topic, payload: bytes, qos, retain };
    if (this.mirror !== undefined) this.#link.command((broker) => broker.publish(message, { dup }));
  }

  /** Closes every connection without a word; wills are published. @throws RefusedError `sim/broker-real` in real mode */
  dropAll(): void {
    if (this.mirror !== undefined) this.#link.command((broker) => broker.dropAll());
  }

  /** Refuses each connection. @param code - CONNACK code, 1 to 5 */
  refuse(code = 5): void {
    this.#link.setBehaviour({ kind: "refuse", code });
  }

  /** Hangs: takes connections and bytes, answers nothing. */
  silent(): void {
    this.#link.setBehaviour({ kind: "silent" });
  }

  /** Closes each connection at once. */
  closing(): void {
    this.#link.setBehaviour({ kind: "close" });
  }

  normal(): void {
    this.#link.setBehaviour({ kind: "normal" });
  }

  /** @throws RefusedError `sim/broker-real` in real mode */
  get mirror(): BrokerMirror {
    if (this.#mirror !== undefined) return this.#mirror;
    throw new RefusedError(
      "sim/broker-real",
      "in real time the broker is a program of its own, the world does not see into it",
      {
        hint: "connect an MQTT client to that broker, or use a world in virtual time",
      },
    );
  }
}
