import { malformed } from "./mqtt-packets.ts";

/** Largest packet that the broker takes. */
const packetMaxBytes = 1024 * 1024;

/** Cuts a stream of bytes into MQTT packets. */
export class PacketSplitter {
  #pending = new Uint8Array();

  /**
   * Packets that are whole now, each with its header.
   *
   * @throws ProtocolError `sim/mqtt-malformed` for a length of more than four digits, or beyond 1 MiB
   */
  feed(chunk: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(this.#pending.length + chunk.length);
    bytes.set(this.#pending);
    bytes.set(chunk, this.#pending.length);
    const packets: Uint8Array[] = [];
    let start = 0;
    for (let end = packetEnd(bytes, start); end !== undefined && end <= bytes.length; end = packetEnd(bytes, start)) {
      packets.push(bytes.slice(start, end));
      start = end;
    }
    this.#pending = bytes.slice(start);
    return packets;
  }
}

/** Where the packet at `start` ends; undefined while its length is not there. */
function packetEnd(bytes: Uint8Array, start: number): number | undefined {
  let length = 0;
  for (let digit = 0; digit < 4; digit++) {
    const byte = bytes[start + 1 + digit];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** digit;
    if (byte >= 0x80) continue;
    if (length > packetMaxBytes) throw malformed(`${length} bytes long, at most ${packetMaxBytes} are taken`);
    return start + 2 + digit + length;
  }
  throw malformed("its length has more than four digits");
}
