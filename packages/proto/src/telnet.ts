import { ProtocolError } from "./errors.ts";

const IAC = 255;
const SB = 250;
const SE = 240;

/** The four negotiation verbs of telnet by their byte. */
export const telnetVerbs = { 251: "will", 252: "wont", 253: "do", 254: "dont" } as const;

export type TelnetVerb = (typeof telnetVerbs)[keyof typeof telnetVerbs];

/** Telnet options that a serial port over TCP needs. */
export const telnetOptions = { binary: 0, suppressGoAhead: 3, comPort: 44 } as const;

/** One thing a telnet stream says. */
export type TelnetItem =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "negotiation"; readonly verb: TelnetVerb; readonly option: number }
  | { readonly kind: "subnegotiation"; readonly option: number; readonly bytes: Uint8Array }
  /** Any other command byte, for example 241 (NOP) or 246 (are you there). */
  | { readonly kind: "command"; readonly command: number };

/** Longest subnegotiation that is accepted, in bytes with its option; RFC 2217 needs 6, a signature some more. */
export const telnetSubnegotiationMaxBytes = 256;

type State = "data" | "iac" | "negotiation" | "sub" | "sub-iac";

/**
 * Takes a telnet stream apart, however it is cut into chunks.
 *
 * Holds at most {@link telnetSubnegotiationMaxBytes} bytes between two calls.
 * @source RFC 854, RFC 855
 */
export class TelnetDecoder {
  #state: State = "data";
  #verb: TelnetVerb = "will";
  readonly #sub = new Uint8Array(telnetSubnegotiationMaxBytes);
  #subLength = 0;

  /**
   * Answers what `chunk` completes; bytes of data that follow each other become one item.
   *
   * @throws ProtocolError `proto/bad-value` for a subnegotiation without an option or with a command inside it,
   *   `proto/bad-length` for one longer than {@link telnetSubnegotiationMaxBytes}; the next call starts over
   */
  feed(chunk: Uint8Array): TelnetItem[] {
    if (this.#state === "data" && !chunk.includes(IAC)) {
      return chunk.length === 0 ? [] : [{ kind: "data", bytes: chunk }];
    }
    const items: TelnetItem[] = [];
    const data = new Uint8Array(chunk.length);
    let from = 0;
    let to = 0;
    for (const byte of chunk) {
      const item = this.#step(byte);
      if (item === undefined) continue;
      if (item === "byte") {
        data[to++] = byte;
        continue;
      }
      if (to > from) items.push({ kind: "data", bytes: data.subarray(from, to) });
      from = to;
      items.push(item);
    }
    if (to > from) items.push({ kind: "data", bytes: data.subarray(from, to) });
    return items;
  }

  #step(byte: number): TelnetItem | "byte" | undefined {
    switch (this.#state) {
      case "data":
        if (byte !== IAC) return "byte";
        this.#state = "iac";
        return undefined;
      case "iac":
        return this.#command(byte);
      case "negotiation":
        this.#state = "data";
        return { kind: "negotiation", verb: this.#verb, option: byte };
      case "sub":
        if (byte === IAC) this.#state = "sub-iac";
        else this.#collect(byte);
        return undefined;
      case "sub-iac":
        return this.#afterSubIac(byte);
    }
  }

  #command(byte: number): TelnetItem | "byte" | undefined {
    this.#state = "data";
    if (byte === IAC) return "byte";
    if (byte === SB) {
      this.#subLength = 0;
      this.#state = "sub";
      return undefined;
    }
    const verb = telnetVerbs[byte as keyof typeof telnetVerbs] as TelnetVerb | undefined;
    if (verb === undefined) return { kind: "command", command: byte };
    this.#verb = verb;
    this.#state = "negotiation";
    return undefined;
  }

  #afterSubIac(byte: number): TelnetItem | undefined {
    if (byte === IAC) {
      this.#state = "sub";
      this.#collect(IAC);
      return undefined;
    }
    this.#state = "data";
    if (byte !== SE) throw malformed("proto/bad-value", `holds command ${byte} where 240 (end) or 255 is expected`);
    const option = this.#sub[0];
    if (this.#subLength === 0 || option === undefined) throw malformed("proto/bad-value", "has no option");
    return { kind: "subnegotiation", option, bytes: this.#sub.slice(1, this.#subLength) };
  }

  #collect(byte: number): void {
    if (this.#subLength === telnetSubnegotiationMaxBytes) {
      this.#state = "data";
      throw malformed("proto/bad-length", `is longer than ${telnetSubnegotiationMaxBytes} bytes`);
    }
    this.#sub[this.#subLength++] = byte;
  }
}

/** `bytes` as they stand in a telnet stream: every 255 doubled. Answers `bytes` itself when there is none. */
export function encodeTelnetData(bytes: Uint8Array): Uint8Array {
  let count = 0;
  for (const byte of bytes) if (byte === IAC) count++;
  if (count === 0) return bytes;
  const out = new Uint8Array(bytes.length + count);
  let at = 0;
  for (const byte of bytes) {
    out[at++] = byte;
    if (byte === IAC) out[at++] = IAC;
  }
  return out;
}

/** Three bytes: `IAC verb option`. */
export function encodeTelnetNegotiation(verb: TelnetVerb, option: number): Uint8Array {
  const code = Object.entries(telnetVerbs).find(([, name]) => name === verb)?.[0];
  return Uint8Array.of(IAC, Number(code), option);
}

/** `IAC SB option bytes IAC SE`, with every 255 in `bytes` doubled. */
export function encodeTelnetSubnegotiation(option: number, bytes: Uint8Array): Uint8Array {
  const body = encodeTelnetData(Uint8Array.of(option, ...bytes));
  return Uint8Array.of(IAC, SB, ...body, IAC, SE);
}

function malformed(code: string, what: string): ProtocolError {
  return new ProtocolError(code, `telnet subnegotiation ${what}`);
}
