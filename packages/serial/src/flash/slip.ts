const end = 0xc0;
const escape = 0xdb;
const escapedEnd = 0xdc;
const escapedEscape = 0xdd;

/** Longest packet that a chip sends: a packet of a read with 4 KiB, and room beside. */
const packetMaxBytes = 16_384;

/** One packet between two 0xc0; 0xc0 and 0xdb inside it become two bytes. @source RFC 1055 */
export function encodeSlip(packet: Uint8Array): Uint8Array {
  let special = 0;
  for (const byte of packet) if (byte === end || byte === escape) special++;
  const bytes = new Uint8Array(packet.length + special + 2);
  let at = 0;
  bytes[at++] = end;
  for (const byte of packet) {
    if (byte === end || byte === escape) {
      bytes[at++] = escape;
      bytes[at++] = byte === end ? escapedEnd : escapedEscape;
    } else {
      bytes[at++] = byte;
    }
  }
  bytes[at] = end;
  return bytes;
}

/**
 * Finds packets in what a chip sends. Bytes between packets are no error: a chip that starts prints there.
 *
 * A wrong escape or a packet longer than any that a chip sends is dropped up to the next 0xc0. Two 0xc0 in a row are the end of
 * a packet that was lost and the start of the next.
 */
export class SlipReader {
  readonly #buffer = new Uint8Array(packetMaxBytes);
  #length = 0;
  #state: "outside" | "inside" | "escaped" | "dropping" = "outside";

  feed(chunk: Uint8Array): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (const byte of chunk) {
      if (byte === end) this.#end(packets);
      else if (this.#state !== "outside" && this.#state !== "dropping") this.#take(byte);
    }
    return packets;
  }

  reset(): void {
    this.#length = 0;
    this.#state = "outside";
  }

  #end(packets: Uint8Array[]): void {
    const isWhole = this.#state === "inside" && this.#length > 0;
    if (isWhole) packets.push(this.#buffer.slice(0, this.#length));
    this.#length = 0;
    this.#state = isWhole ? "outside" : "inside";
  }

  #take(byte: number): void {
    if (this.#state === "inside" && byte === escape) {
      this.#state = "escaped";
      return;
    }
    const value = this.#state === "inside" ? byte : unescaped[byte];
    if (value === undefined || this.#length === packetMaxBytes) {
      this.#state = "dropping";
      return;
    }
    this.#state = "inside";
    this.#buffer[this.#length++] = value;
  }
}

const unescaped: Readonly<Record<number, number>> = { [escapedEnd]: end, [escapedEscape]: escape };
