const end = 0xc0;
const escape = 0xdb;
const escapedEnd = 0xdc;
const escapedEscape = 0xdd;

/** Longest packet between a chip and a host: a stub's block of 16 KiB with its headers, and room beside. */
export const SLIP_MAX_BYTES = 32_768;

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
 * Finds packets in what comes in. Bytes between packets are no error, a chip that starts prints there; a wrong escape or a packet
 * longer than {@link SLIP_MAX_BYTES} is dropped up to the next 0xc0. Never keeps more than one packet.
 */
export class SlipDecoder {
  readonly #buffer = new Uint8Array(SLIP_MAX_BYTES);
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

  /** Bytes of an unfinished packet. */
  get pendingBytes(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
    this.#state = "outside";
  }

  /** An empty packet is the end of one that was lost before: the 0xc0 then starts the next. */
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
    if (value === undefined || this.#length === SLIP_MAX_BYTES) {
      this.#state = "dropping";
      return;
    }
    this.#state = "inside";
    this.#buffer[this.#length++] = value;
  }
}

const unescaped: Readonly<Record<number, number>> = { [escapedEnd]: end, [escapedEscape]: escape };
