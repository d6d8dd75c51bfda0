import { ByteReader, ProtocolError } from "@espx/proto";

/** A message on its way, as a publisher gave it. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** What a client sends; MQTT 3.1.1 without QoS 2. */
export type ClientPacket =
  | {
      readonly kind: "connect";
      readonly clientId: string;
      readonly cleanSession: boolean;
      readonly keepAliveS: number;
      readonly will: MqttMessage | undefined;
      readonly username: string | undefined;
    }
  | ({ readonly kind: "publish"; readonly dup: boolean; readonly id: number } & MqttMessage)
  | { readonly kind: "puback"; readonly id: number }
  | { readonly kind: "subscribe"; readonly id: number; readonly filters: readonly { filter: string; qos: 0 | 1 }[] }
  | { readonly kind: "unsubscribe"; readonly id: number; readonly filters: readonly string[] }
  | { readonly kind: "pingreq" | "disconnect" };

const packetType = {
  connect: 1,
  publish: 3,
  puback: 4,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Decode one packet of a client.
 *
 * Shape: fixed header and body, as `PacketSplitter` cuts them.
 * @throws ProtocolError `sim/mqtt-malformed`
 * @source OASIS MQTT 3.1.1, sections 2 and 3
 */
export function decodeClientPacket(packet: Uint8Array): ClientPacket {
  const first = packet[0] ?? 0;
  const bodyAt = packet.findIndex((byte, index) => index > 0 && byte < 0x80) + 1;
  try {
    return decodeBody(first, new ByteReader(packet.subarray(bodyAt)));
  } catch (error) {
    if (error instanceof ProtocolError && error.code === "sim/mqtt-malformed") throw error;
    if (error instanceof ProtocolError || error instanceof TypeError) throw malformed(error.message);
    throw error;
  }
}

/** A packet that breaks the protocol; a broker closes the connection on it. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError("sim/mqtt-malformed", `an MQTT packet is malformed: ${what}`);
}

function decodeBody(first: number, body: ByteReader): ClientPacket {
  switch (first >> 4) {
    case packetType.connect:
      return decodeConnect(body);
    case packetType.publish:
      return decodePublish(first, body);
    case packetType.puback:
      return { kind: "puback", id: u16(body) };
    case packetType.subscribe:
      return {
        kind: "subscribe",
        id: identifier(body),
        filters: list(body, () => ({ filter: filter(body), qos: granted(body) })),
      };
    case packetType.unsubscribe:
      return { kind: "unsubscribe", id: identifier(body), filters: list(body, () => filter(body)) };
    case packetType.pingreq:
      return { kind: "pingreq" };
    case packetType.disconnect:
      return { kind: "disconnect" };
    default:
      throw malformed(`type ${first >> 4} is none that a client sends`);
  }
}

function decodeConnect(body: ByteReader): ClientPacket {
  const protocol = text(body);
  const level = body.u8();
  if (protocol !== "MQTT" || level !== 4) throw malformed(`protocol ${protocol} level ${level}, expected MQTT level 4`);
  const flags = body.u8();
  if ((flags & 1) !== 0) throw malformed("a reserved connect flag is set");
  const keepAliveS = u16(body);
  const clientId = text(body);
  const hasWill = (flags & 0x04) !== 0;
  const will = hasWill
    ? { topic: topic(body), payload: blob(body), qos: qos((flags >> 3) & 3), retain: (flags & 0x20) !== 0 }
    : undefined;
  const username = (flags & 0x80) !== 0 ? text(body) : undefined;
  if ((flags & 0x40) !== 0) blob(body);
  return { kind: "connect", clientId, cleanSession: (flags & 0x02) !== 0, keepAliveS, will, username };
}

function decodePublish(first: number, body: ByteReader): ClientPacket {
  const level = qos((first >> 1) & 3);
  const name = topic(body);
  const id = level === 0 ? 0 : identifier(body);
  const payload = body.bytes(body.remaining).slice();
  return { kind: "publish", topic: name, payload, qos: level, retain: (first & 1) !== 0, dup: (first & 8) !== 0, id };
}

function list<T>(body: ByteReader, read: () => T): T[] {
  const items: T[] = [];
  while (body.remaining > 0) items.push(read());
  if (items.length === 0) throw malformed("no topic filter");
  return items;
}

function identifier(body: ByteReader): number {
  const id = u16(body);
  if (id === 0) throw malformed("packet identifier 0");
  return id;
}

function qos(value: number): 0 | 1 {
  if (value > 1) throw malformed(`QoS ${value}, this broker has 0 and 1`);
  return value as 0 | 1;
}

/** A subscription for QoS 2 is granted as 1. */
function granted(body: ByteReader): 0 | 1 {
  const value = body.u8();
  if (value > 2) throw malformed(`subscription with QoS ${value}`);
  return value === 0 ? 0 : 1;
}

function topic(body: ByteReader): string {
  const name = text(body);
  if (name === "" || /[+#]/.test(name)) throw malformed(`"${name}" is no topic`);
  return name;
}

function filter(body: ByteReader): string {
  const levels = text(body).split("/");
  const valid = levels.every(
    (level, index) => !/[+#]/.test(level) || level === "+" || (level === "#" && index === levels.length - 1),
  );
  if (!valid || levels.join("/") === "") throw malformed(`"${levels.join("/")}" is no topic filter`);
  return levels.join("/");
}

function text(body: ByteReader): string {
  return decoder.decode(blob(body));
}

function blob(body: ByteReader): Uint8Array {
  return body.bytes(u16(body)).slice();
}

function u16(body: ByteReader): number {
  return body.u8() * 256 + body.u8();
}
