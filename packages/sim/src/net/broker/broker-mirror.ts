import type { BrokerClient, BrokerRecord } from "./broker-record.ts";
import { BrokerSession, BrokerState } from "./broker-state.ts";
import type { MqttMessage } from "./mqtt-packets.ts";

/** Entries that a log keeps; older ones go first. */
const logLimit = 200_000;

/** A message that reached the broker. */
export interface PublishedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The payload as text. */
  readonly text: string;
  readonly retained: boolean;
  readonly qos: 0 | 1;
  /** The client that published; undefined for the test itself and for wills. */
  readonly from: string | undefined;
  readonly atMs: number;
}

/** One packet between a client and the broker. */
export interface LoggedPacket {
  readonly to: "broker" | "client";
  readonly clientId: string;
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** What was seen of the broker of a world in virtual time. */
export class BrokerMirror {
  readonly state = new BrokerState();
  readonly clients = new Map<string, BrokerClient>();
  readonly published: PublishedMessage[] = [];
  readonly packets: LoggedPacket[] = [];

  apply(record: BrokerRecord, atMs: number): void {
    switch (record.kind) {
      case "published":
        this.state.retain(record.message);
        return this.#log(record.message, record.from, atMs);
      case "client-up":
        this.clients.set(record.clientId, record);
        return;
      case "client-down":
        this.clients.delete(record.clientId);
        return;
      case "session":
        this.state.sessions.set(record.session.clientId, BrokerSession.restore(record.session));
        return;
      case "session-end":
        this.state.sessions.delete(record.clientId);
        return;
      case "packet":
        append(this.packets, { to: record.to, clientId: record.clientId, bytes: record.bytes, atMs });
    }
  }

  /** Publishes while no board runs the broker: sessions that outlive their connection keep it. */
  publish(message: MqttMessage, atMs: number): void {
    this.state.retain(message);
    for (const session of this.state.sessions.values()) {
      if (message.qos === 1 && session.wants(message.topic) === 1) session.unacknowledged.push({ id: 0, message });
    }
    this.#log(message, undefined, atMs);
  }

  #log({ topic, payload, retain, qos }: MqttMessage, from: string | undefined, atMs: number): void {
    append(this.published, {
      topic,
      payload,
      text: new TextDecoder().decode(payload),
      retained: retain,
      qos,
      from,
      atMs,
    });
  }
}

function append<T>(log: T[], entry: T): void {
  log.push(entry);
  if (log.length > logLimit) log.splice(0, logLimit / 10);
}
