import { isEspxError } from "@espx/proto";
import type { BrokerBehaviour } from "../net-script.ts";
import type { ServerClock, ServerHandler, ServerSide } from "../server-side.ts";
import { BrokerClientLink } from "./broker-client.ts";
import type { BrokerRecord } from "./broker-record.ts";
import { BrokerSession, BrokerState, type BrokerSnapshot } from "./broker-state.ts";
import { type ClientPacket, decodeClientPacket, type MqttMessage } from "./mqtt-packets.ts";
import {
  encodeConnack,
  encodePingresp,
  encodePuback,
  encodePublish,
  encodeSuback,
  encodeUnsuback,
} from "./mqtt-replies.ts";

/** A client that says nothing for so many of its keep-alive times is gone. @source MQTT 3.1.1 section 3.1.2.10 */
const keepAliveFactor = 1.5;

/** CONNACK code for a client identifier that cannot be. */
const identifierRejected = 2;

/** What a broker is made of. */
export interface MiniBrokerOptions {
  readonly clock: ServerClock;
  readonly behaviour: BrokerBehaviour;
  readonly state?: BrokerSnapshot;
  readonly record: (record: BrokerRecord) => void;
}

/**
 * A small MQTT 3.1.1 broker without an event loop: every effect happens inside the call that causes it, so that it
 * serves boards in virtual time. QoS 0 and 1, retained messages, wills, sessions, takeover, keep-alive.
 */
export class MiniBroker {
  readonly #clock: ServerClock;
  readonly #record: (record: BrokerRecord) => void;
  readonly #state: BrokerState;
  readonly #links = new Set<BrokerClientLink>();
  #behaviour: BrokerBehaviour;
  /** What is to be published while the broker is silent towards everybody. */
  readonly #backlog: (() => void)[] = [];
  #newNames = 0;

  constructor({ clock, behaviour, state, record }: MiniBrokerOptions) {
    this.#clock = clock;
    this.#behaviour = behaviour;
    this.#state = new BrokerState(state);
    this.#record = record;
  }

  /** Takes a new connection. */
  accept(side: ServerSide): ServerHandler {
    const link = new BrokerClientLink(side, this.#clock.now());
    this.#links.add(link);
    if (this.#towards(link).kind === "close") this.#drop(link);
    return {
      feed: (bytes) => this.#unlessSilent(link, () => this.#feed(link, bytes)),
      closed: () => this.#unlessSilent(link, () => this.#end(link)),
    };
  }

  /** Takes on a behaviour; what sides say of themselves is asked again. */
  setBehaviour(behaviour: BrokerBehaviour): void {
    this.#behaviour = behaviour;
    for (const link of this.#links) {
      const { kind } = this.#towards(link);
      if (kind === "close" || kind === "refuse") this.#drop(link);
    }
    if (behaviour.kind !== "silent") for (const action of this.#backlog.splice(0)) action();
    for (const link of this.#links) {
      if (this.#towards(link).kind !== "silent") for (const action of link.held.splice(0)) action();
    }
  }

  /** Publishes from outside. @param dup - sets the flag that marks a repetition */
  publish(message: MqttMessage, { dup = false } = {}): void {
    const act = (): void => this.#route(message, undefined, dup);
    if (this.#behaviour.kind === "silent") this.#backlog.push(act);
    else act();
  }

  /** Closes every connection without a word. */
  dropAll(): void {
    for (const link of this.#links) this.#drop(link);
  }

  #towards(link: BrokerClientLink): BrokerBehaviour {
    return link.side.behaviour?.() ?? this.#behaviour;
  }

  #unlessSilent(link: BrokerClientLink, action: () => void): void {
    if (this.#towards(link).kind === "silent") link.held.push(action);
    else action();
  }

  #feed(link: BrokerClientLink, bytes: Uint8Array): void {
    if (!this.#links.has(link)) return;
    link.heardMs = this.#clock.now();
    try {
      for (const packet of link.splitter.feed(bytes)) {
        if (!this.#links.has(link)) return;
        const decoded = decodeClientPacket(packet);
        if (decoded.kind === "connect") link.connect ??= this.#named(decoded);
        this.#record({ kind: "packet", to: "broker", clientId: link.clientId, bytes: packet });
        this.#obey(link, decoded);
      }
    } catch (error) {
      if (!isEspxError(error, "sim/mqtt-malformed")) throw error;
      this.#drop(link);
    }
  }

  #obey(link: BrokerClientLink, packet: ClientPacket): void {
    if (packet.kind === "connect") return link.session === undefined ? this.#connect(link, packet) : this.#drop(link);
    const { session } = link;
    if (session === undefined) return this.#drop(link);
    switch (packet.kind) {
      case "publish":
        if (packet.qos === 1) this.#send(link, encodePuback(packet.id));
        return this.#route(packet, link.clientId, false);
      case "puback":
        session.unacknowledged = session.unacknowledged.filter(({ id }) => id !== packet.id);
        return this.#sessionChanged(session);
      case "subscribe":
        return this.#subscribe(link, session, packet);
      case "unsubscribe":
        for (const filter of packet.filters) session.subscriptions.delete(filter);
        this.#send(link, encodeUnsuback(packet.id));
        return this.#sessionChanged(session);
      case "pingreq":
        return this.#send(link, encodePingresp());
      case "disconnect":
        link.will = undefined;
        return this.#drop(link);
    }
  }

  #named(connect: Extract<ClientPacket, { kind: "connect" }>): typeof connect {
    if (connect.clientId !== "" || !connect.cleanSession) return connect;
    return { ...connect, clientId: `auto-${++this.#newNames}` };
  }

  #connect(link: BrokerClientLink, packet: Extract<ClientPacket, { kind: "connect" }>): void {
    const behaviour = this.#towards(link);
    const refused = behaviour.kind === "refuse" ? behaviour.code : link.clientId === "" ? identifierRejected : 0;
    if (refused !== 0) {
      this.#send(link, encodeConnack(false, refused));
      return this.#drop(link);
    }
    const { clientId } = link;
    for (const other of this.#links) if (other !== link && other.session?.clientId === clientId) this.#drop(other);
    const kept = this.#state.sessions.get(clientId);
    const isResumed = !packet.cleanSession && kept?.isPersistent === true;
    const session = isResumed ? kept : new BrokerSession(clientId, !packet.cleanSession);
    if (kept?.isPersistent === true && !isResumed) this.#record({ kind: "session-end", clientId });
    this.#state.sessions.set(clientId, session);
    link.session = session;
    link.will = packet.will;
    this.#record({
      kind: "client-up",
      clientId,
      keepAliveS: packet.keepAliveS,
      username: packet.username,
      will: packet.will,
    });
    this.#send(link, encodeConnack(isResumed, 0));
    this.#sessionChanged(session);
    this.#watchKeepAlive(link, packet.keepAliveS * 1000 * keepAliveFactor);
    for (const entry of session.unacknowledged) this.#repeat(link, session, entry);
  }

  #repeat(link: BrokerClientLink, session: BrokerSession, entry: { id: number; message: MqttMessage }): void {
    const dup = entry.id !== 0;
    if (!dup) entry.id = session.newId();
    this.#send(link, encodePublish(entry.message, { dup, id: entry.id }));
  }

  #watchKeepAlive(link: BrokerClientLink, patienceMs: number): void {
    if (patienceMs === 0) return;
    link.cancelKeepAlive = this.#clock.at(link.heardMs + patienceMs, () => {
      const isQuiet = this.#clock.now() >= link.heardMs + patienceMs;
      if (isQuiet && this.#towards(link).kind !== "silent") return this.#drop(link);
      if (isQuiet) link.heardMs = this.#clock.now();
      this.#watchKeepAlive(link, patienceMs);
    });
  }

  #subscribe(
    link: BrokerClientLink,
    session: BrokerSession,
    packet: Extract<ClientPacket, { kind: "subscribe" }>,
  ): void {
    for (const { filter, qos } of packet.filters) session.subscriptions.set(filter, qos);
    this.#send(
      link,
      encodeSuback(
        packet.id,
        packet.filters.map(({ qos }) => qos),
      ),
    );
    this.#sessionChanged(session);
    const asked = new BrokerSession(session.clientId, false);
    for (const { filter, qos } of packet.filters) asked.subscriptions.set(filter, qos);
    for (const message of this.#state.retained.values()) {
      const qos = asked.wants(message.topic);
      if (qos !== undefined) this.#deliver(session, { ...message, qos: qos < message.qos ? qos : message.qos }, false);
    }
  }

  #route(packet: MqttMessage, from: string | undefined, dup: boolean): void {
    const message: MqttMessage = {
      topic: packet.topic,
      payload: packet.payload,
      qos: packet.qos,
      retain: packet.retain,
    };
    this.#state.retain(message);
    this.#record({ kind: "published", message, from });
    for (const session of this.#state.sessions.values()) {
      const qos = session.wants(message.topic);
      if (qos === undefined) continue;
      this.#deliver(session, { ...message, retain: false, qos: qos < message.qos ? qos : message.qos }, dup);
    }
  }

  #deliver(session: BrokerSession, message: MqttMessage, dup: boolean): void {
    const link = [...this.#links].find((other) => other.session === session);
    const id = link !== undefined && message.qos === 1 ? session.newId() : 0;
    if (message.qos === 1) {
      session.unacknowledged.push({ id, message });
      this.#sessionChanged(session);
    }
    if (link !== undefined) this.#send(link, encodePublish(message, { dup, id }));
  }

  #send(link: BrokerClientLink, bytes: Uint8Array): void {
    this.#unlessSilent(link, () => {
      this.#record({ kind: "packet", to: "client", clientId: link.clientId, bytes });
      link.side.send(bytes);
    });
  }

  #sessionChanged(session: BrokerSession): void {
    if (session.isPersistent) this.#record({ kind: "session", session: session.snapshot() });
  }

  #drop(link: BrokerClientLink): void {
    if (!this.#links.has(link)) return;
    link.side.close();
    this.#end(link);
  }

  #end(link: BrokerClientLink): void {
    if (!this.#links.delete(link)) return;
    link.cancelKeepAlive();
    const { session, will } = link;
    if (session === undefined) return;
    if (!session.isPersistent) this.#state.sessions.delete(session.clientId);
    this.#record({ kind: "client-down", clientId: session.clientId });
    if (will !== undefined) this.#route(will, undefined, false);
  }
}
