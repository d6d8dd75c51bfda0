import type { MqttMessage } from "./mqtt-packets.ts";
import { matchesTopic } from "./topic-filter.ts";

/** A session that outlives its connection, as plain data. */
export interface SessionSnapshot {
  readonly clientId: string;
  readonly subscriptions: readonly (readonly [filter: string, qos: 0 | 1])[];
  /** QoS 1 messages that nobody has acknowledged; `id` 0 when not sent yet. */
  readonly unacknowledged: readonly { readonly id: number; readonly message: MqttMessage }[];
}

/** What a broker keeps, as plain data. */
export interface BrokerSnapshot {
  readonly retained: readonly MqttMessage[];
  readonly sessions: readonly SessionSnapshot[];
}

/** What one client has asked for, and what it has not acknowledged. */
export class BrokerSession {
  readonly clientId: string;
  readonly isPersistent: boolean;
  readonly subscriptions = new Map<string, 0 | 1>();
  unacknowledged: { id: number; message: MqttMessage }[] = [];
  #lastId = 0;

  constructor(clientId: string, isPersistent: boolean) {
    this.clientId = clientId;
    this.isPersistent = isPersistent;
  }

  static restore({ clientId, subscriptions, unacknowledged }: SessionSnapshot): BrokerSession {
    const session = new BrokerSession(clientId, true);
    for (const [filter, qos] of subscriptions) session.subscriptions.set(filter, qos);
    session.unacknowledged = unacknowledged.map((entry) => ({ ...entry }));
    session.#lastId = Math.max(0, ...unacknowledged.map(({ id }) => id));
    return session;
  }

  /** Highest QoS at which a topic is wanted; undefined when it is not. */
  wants(topic: string): 0 | 1 | undefined {
    let wanted: 0 | 1 | undefined;
    for (const [filter, qos] of this.subscriptions) {
      if (matchesTopic(filter, topic) && (wanted === undefined || qos > wanted)) wanted = qos;
    }
    return wanted;
  }

  newId(): number {
    this.#lastId = (this.#lastId % 65_535) + 1;
    return this.#lastId;
  }

  snapshot(): SessionSnapshot {
    const unacknowledged = this.unacknowledged.map((entry) => ({ ...entry }));
    return { clientId: this.clientId, subscriptions: [...this.subscriptions], unacknowledged };
  }
}

/** Retained messages and sessions: what a broker keeps while clients come and go. */
export class BrokerState {
  readonly retained = new Map<string, MqttMessage>();
  readonly sessions = new Map<string, BrokerSession>();

  constructor(snapshot: BrokerSnapshot = { retained: [], sessions: [] }) {
    for (const message of snapshot.retained) this.retained.set(message.topic, message);
    for (const session of snapshot.sessions) this.sessions.set(session.clientId, BrokerSession.restore(session));
  }

  /** Remembers a retained message; an empty one forgets the topic. */
  retain(message: MqttMessage): void {
    if (!message.retain) return;
    if (message.payload.length === 0) this.retained.delete(message.topic);
    else this.retained.set(message.topic, message);
  }

  snapshot(): BrokerSnapshot {
    const sessions = [...this.sessions.values()].filter(({ isPersistent }) => isPersistent);
    return { retained: [...this.retained.values()], sessions: sessions.map((session) => session.snapshot()) };
  }
}
