import type { MqttMessage } from "./mqtt-packets.ts";

/** CONNACK. @param code - 0 accepted, 1 to 5 refused; @source MQTT 3.1.1 section 3.2 */
export function encodeConnack(sessionPresent: boolean, code: number): Uint8Array {
  return Uint8Array.of(0x20, 2, sessionPresent ? 1 : 0, code);
}

export function encodePuback(id: number): Uint8Array {
  return Uint8Array.of(0x40, 2, id >> 8, id & 0xff);
}

/** SUBACK with one granted QoS a filter. */
export function encodeSuback(id: number, granted: readonly number[]): Uint8Array {
  return Uint8Array.of(0x90, ...remainingLength(2 + granted.length), id >> 8, id & 0xff, ...granted);
}

export function encodeUnsuback(id: number): Uint8Array {
  return Uint8Array.of(0xb0, 2, id >> 8, id & 0xff);
}

export function encodePingresp(): Uint8Array {
  return Uint8Array.of(0xd0, 0);
}

/** PUBLISH; `id` counts for QoS 1 only. */
export function encodePublish(message: MqttMessage, { dup = false, id = 0 } = {}): Uint8Array {
  const topic = new TextEncoder().encode(message.topic);
  const idBytes = message.qos === 0 ? [] : [id >> 8, id & 0xff];
  const bodyBytes = 2 + topic.length + idBytes.length + message.payload.length;
  const header = [0x30 | (dup ? 8 : 0) | (message.qos << 1) | (message.retain ? 1 : 0), ...remainingLength(bodyBytes)];
  const packet = new Uint8Array(header.length + bodyBytes);
  packet.set([...header, topic.length >> 8, topic.length & 0xff]);
  packet.set(topic, header.length + 2);
  packet.set(idBytes, header.length + 2 + topic.length);
  packet.set(message.payload, packet.length - message.payload.length);
  return packet;
}

function remainingLength(length: number): number[] {
  const digits: number[] = [];
  let rest = length;
  do {
    digits.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return digits;
}
