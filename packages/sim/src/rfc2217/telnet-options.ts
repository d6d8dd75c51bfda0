import { encodeTelnetNegotiation, telnetOptions, type TelnetVerb } from "@espx/proto";

/** What one side does itself or asks the other to do. */
type Half = "us" | "them";

const agreed = new Set<number>(Object.values(telnetOptions));

/**
 * Negotiates telnet options: agrees to COM-PORT, BINARY and SGA in both directions, refuses the rest, and answers no answer.
 *
 * @source RFC 1143 for why only a change is answered
 */
export class TelnetOptions {
  readonly #on: Record<Half, Set<number>> = { us: new Set(), them: new Set() };

  /** What goes out at the start of a connection. */
  offer(): Uint8Array[] {
    const out = [telnetOptions.binary, telnetOptions.suppressGoAhead].map((option) => this.#start("will", option));
    return [...out, ...[...agreed].map((option) => this.#start("do", option))];
  }

  /** The answer to what came in; undefined when it says nothing new. */
  answer(verb: TelnetVerb, option: number): Uint8Array | undefined {
    const half: Half = verb === "do" || verb === "dont" ? "us" : "them";
    const wanted = verb === "do" || verb === "will";
    const on = this.#on[half];
    if (wanted && !agreed.has(option)) return encodeTelnetNegotiation(half === "us" ? "wont" : "dont", option);
    if (wanted === on.has(option)) return undefined;
    if (wanted) on.add(option);
    else on.delete(option);
    return encodeTelnetNegotiation(half === "us" ? (wanted ? "will" : "wont") : wanted ? "do" : "dont", option);
  }

  #start(verb: "will" | "do", option: number): Uint8Array {
    this.#on[verb === "will" ? "us" : "them"].add(option);
    return encodeTelnetNegotiation(verb, option);
  }
}
