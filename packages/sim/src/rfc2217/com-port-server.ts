import { ComPortControl, type ComPortMessage, type SerialLink } from "@espx/proto";
import { ModemLines } from "./modem-lines.ts";

/** Carrier, data set ready and clear to send, as a chip that is always there shows them (RFC 2217: modem state). */
export const modemState = 0x80 | 0x20 | 0x10;

const eightBits = 8;
const noParity = 1;
const oneStopBit = 1;
const startBaudRate = 115_200;

type Value = (value: number) => Promise<number> | number;

/**
 * Carries out what a client asks of the COM-PORT option on a board's link.
 *
 * Every request that RFC 2217 has answered is answered with what is set now: a UART of an ESP32 console knows 8 data bits, no
 * parity, one stop bit and no flow control, so a client that asks for others is told these.
 */
export class ComPortServer {
  readonly #link: SerialLink;
  readonly #lines: ModemLines;
  readonly #signature: string;
  #baudRate = startBaudRate;

  constructor(link: SerialLink, signature: string) {
    this.#link = link;
    this.#signature = signature;
    this.#lines = new ModemLines((signals) => link.setSignals(signals));
  }

  readonly #answers: Partial<Record<ComPortMessage["kind"], Value>> = {
    "baud-rate": (value) => this.#setBaud(value),
    "data-size": () => eightBits,
    parity: () => noParity,
    "stop-size": () => oneStopBit,
    control: (value) => this.#control(value),
    "line-state-mask": (value) => value,
    "modem-state-mask": (value) => value,
    // Nothing is kept on the way that could be thrown away; the answer is what clients wait for.
    purge: (value) => value,
  };

  /** Answers what goes back to the client, or undefined where RFC 2217 has no answer. */
  async obey(message: ComPortMessage): Promise<ComPortMessage | undefined> {
    if (message.direction === "reply" || message.kind === "unknown") return undefined;
    if (message.kind === "signature") {
      return message.text === "" ? { direction: "reply", kind: "signature", text: this.#signature } : undefined;
    }
    const value = await this.#answers[message.kind]?.(message.value);
    return value === undefined ? undefined : { direction: "reply", kind: message.kind, value };
  }

  /** Shows the board the modem lines that were asked for; to be called before anything else reaches it. */
  flush(): Promise<void> {
    return this.#lines.flush();
  }

  /** The client is gone. */
  close(): void {
    this.#lines.close();
  }

  async #setBaud(baudRate: number): Promise<number> {
    if (baudRate === 0) return this.#baudRate;
    await this.flush();
    await this.#link.drain();
    await this.#link.setBaud(baudRate);
    this.#baudRate = baudRate;
    return baudRate;
  }

  async #control(value: number): Promise<number> {
    const { signals } = this.#lines;
    switch (value) {
      case ComPortControl.dtrOn:
      case ComPortControl.dtrOff:
        await this.#lines.set("dtr", value === ComPortControl.dtrOn);
        return value;
      case ComPortControl.rtsOn:
      case ComPortControl.rtsOff:
        await this.#lines.set("rts", value === ComPortControl.rtsOn);
        return value;
      case ComPortControl.askDtr:
        return signals.dtr ? ComPortControl.dtrOn : ComPortControl.dtrOff;
      case ComPortControl.askRts:
        return signals.rts ? ComPortControl.rtsOn : ComPortControl.rtsOff;
      case ComPortControl.askBreak:
      case ComPortControl.breakOn:
      case ComPortControl.breakOff:
        return ComPortControl.breakOff;
      default:
        return ComPortControl.noFlow;
    }
  }
}
