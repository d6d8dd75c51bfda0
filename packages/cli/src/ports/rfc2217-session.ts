import {
  BusyError,
  CanceledError,
  ComPortControl,
  decodeComPort,
  encodeComPort,
  encodeTelnetData,
  encodeTelnetNegotiation,
  isEspxError,
  LinkError,
  type Signals,
  TelnetDecoder,
  type TelnetItem,
  telnetOptions,
} from "@espx/proto";
import { type Setting, SettingQueue } from "./setting-queue.ts";
import { type TcpAddress, TcpConnection } from "./tcp-connection.ts";

/** How long a server may take to agree to the option. */
const agreeTimeoutMs = 5_000;

/** How long what was written may take to leave a slow port. */
const drainTimeoutMs = 60_000;

/** Text of a server that refuses to talk, as far as it is kept. */
const refusalMaxChars = 200;

const eightBits = 8;
const noParity = 1;
const oneStopBit = 1;
const bothBuffers = 3;

/** Options that both sides must have. */
const wanted: readonly number[] = Object.values(telnetOptions);

export interface Rfc2217Events {
  chunk(bytes: Uint8Array): void;
  closed(cause: Error | undefined): void;
}

export interface Rfc2217OpenOptions {
  readonly baudRate: number;
  readonly signal: AbortSignal | undefined;
}

/** One connection to an RFC 2217 server: negotiates, asks for settings, and passes bytes. */
export class Rfc2217Session {
  readonly #address: TcpAddress;
  readonly #events: Rfc2217Events;
  readonly #decoder = new TelnetDecoder();
  #connection: TcpConnection | undefined;
  readonly #settings: SettingQueue;
  /** Undefined once the server agreed to serve a port. */
  #agreeing: { resolve(): void; reject(error: Error): void } | undefined;
  #refusal = "";
  #signals: Signals = { dtr: true, rts: true };

  private constructor(address: TcpAddress, events: Rfc2217Events) {
    this.#address = address;
    this.#events = events;
    this.#settings = new SettingQueue(address.url);
  }

  /**
   * @throws LinkError `port/unreachable`, `port/not-rfc2217`, `port/no-answer`
   * @throws BusyError `port/busy` with the words of the server
   * @throws CanceledError `port/canceled`
   */
  static async open(address: TcpAddress, events: Rfc2217Events, options: Rfc2217OpenOptions): Promise<Rfc2217Session> {
    const session = new Rfc2217Session(address, events);
    const abort = (): void => session.#fail(new CanceledError("port/canceled", `opening ${address.url} was canceled`));
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      await session.#negotiate(options.signal);
      await session.#configure(options.baudRate);
    } catch (error) {
      session.#fail(error as Error);
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", abort);
    }
    return session;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#connection?.write(encodeTelnetData(bytes));
  }

  /** A server answers in order, so an answer says that what was written before it has gone on to the port. */
  async drain(): Promise<void> {
    await this.#ask("control", ComPortControl.askFlow, drainTimeoutMs);
  }

  /** @throws LinkError `port/setting-refused` when the port stays at another rate */
  async setBaud(baudRate: number): Promise<void> {
    const got = await this.#ask("baud-rate", baudRate);
    if (got === baudRate) return;
    throw new LinkError("port/setting-refused", `${this.#address.url} runs at ${got} baud, expected ${baudRate}`);
  }

  /** Sends both lines in one go. Answers whether the server says that they are so. */
  async setSignals(next: Signals): Promise<boolean> {
    const dtr = next.dtr ? ComPortControl.dtrOn : ComPortControl.dtrOff;
    const rts = next.rts ? ComPortControl.rtsOn : ComPortControl.rtsOff;
    // RTS alone is reset. When both lines fall, RTS goes first, so that it never stands alone in between; when both
    // rise, DTR does.
    const bothFall = this.#signals.dtr && this.#signals.rts && !next.dtr && !next.rts;
    const values = bothFall ? [rts, dtr] : [dtr, rts];
    this.#signals = next;
    const answers = values.map(() => this.#settings.expect("control"));
    await this.#connection?.write(
      Buffer.concat(values.map((value) => encodeComPort({ direction: "request", kind: "control", value }))),
    );
    return (await Promise.all(answers)).every((answer, i) => answer === values[i]);
  }

  /** Has the server throw away what it holds in both directions. */
  async purge(): Promise<void> {
    await this.#ask("purge", bothBuffers);
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  async #negotiate(signal: AbortSignal | undefined): Promise<void> {
    const agreed = new Promise<void>((resolve, reject) => (this.#agreeing = { resolve, reject }));
    // Rejected also while the connection is still being made, when nobody waits yet.
    agreed.catch(() => {});
    const events = {
      chunk: (bytes: Uint8Array): void => this.#take(bytes),
      closed: (cause: Error | undefined): void => this.#closed(cause),
    };
    this.#connection = await TcpConnection.open(this.#address, events, signal);
    const offers = wanted.flatMap((option) => [
      encodeTelnetNegotiation("will", option),
      encodeTelnetNegotiation("do", option),
    ]);
    await this.#connection.write(Buffer.concat(offers));
    const timer = setTimeout(
      () => this.#agreeing?.reject(notRfc2217(this.#address, "it does not agree to COM-PORT")),
      agreeTimeoutMs,
    );
    await agreed.finally(() => clearTimeout(timer));
  }

  async #configure(baudRate: number): Promise<void> {
    await this.setBaud(baudRate);
    await this.#ask("data-size", eightBits);
    await this.#ask("parity", noParity);
    await this.#ask("stop-size", oneStopBit);
    await this.#ask("control", ComPortControl.noFlow);
    await this.setSignals({ dtr: false, rts: false });
    await this.purge();
  }

  #ask(kind: Setting, value: number, timeoutMs?: number): Promise<number> {
    const answer = this.#settings.expect(kind, timeoutMs);
    this.#connection?.write(encodeComPort({ direction: "request", kind, value })).catch(() => {});
    return answer;
  }

  #take(bytes: Uint8Array): void {
    try {
      for (const item of this.#decoder.feed(bytes)) this.#obey(item);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#connection?.destroy(error);
  }

  #obey(item: TelnetItem): void {
    if (item.kind === "data") this.#data(item.bytes);
    else if (item.kind === "negotiation") this.#agree(item);
    else if (item.kind === "subnegotiation" && item.option === telnetOptions.comPort)
      this.#settings.answered(decodeComPort(item.bytes));
  }

  #data(bytes: Uint8Array): void {
    if (this.#agreeing === undefined) this.#events.chunk(bytes);
    else this.#refusal = (this.#refusal + Buffer.from(bytes).toString("latin1")).slice(0, refusalMaxChars);
  }

  #agree({ verb, option }: { readonly verb: string; readonly option: number }): void {
    if (option === telnetOptions.comPort && verb === "do") {
      this.#agreeing?.resolve();
      this.#agreeing = undefined;
    } else if (option === telnetOptions.comPort && verb === "dont") {
      this.#agreeing?.reject(notRfc2217(this.#address, "it refuses COM-PORT"));
    }
    // We offered and asked for what we want at the start; the answers to that need none.
    if (wanted.includes(option)) return;
    if (verb === "will") void this.#connection?.write(encodeTelnetNegotiation("dont", option));
    else if (verb === "do") void this.#connection?.write(encodeTelnetNegotiation("wont", option));
  }

  #closed(cause: Error | undefined): void {
    const error = isEspxError(cause)
      ? cause
      : new LinkError(
          "link/lost",
          `connection to ${this.#address.url} was lost: ${cause?.message ?? "the server closed it"}`,
          { cause },
        );
    this.#agreeing?.reject(this.#refusal.trim() === "" ? error : refused(this.#address, this.#refusal));
    this.#agreeing = undefined;
    this.#settings.fail(error);
    this.#events.closed(error);
  }
}

function notRfc2217({ url }: TcpAddress, why: string): LinkError {
  return new LinkError("port/not-rfc2217", `${url} does not serve a serial port: ${why}`, {
    hint: `if it passes bytes only, use ${url.replace(/^rfc2217/, "socket")}`,
    details: { url },
  });
}

/** A server that speaks text and hangs up before it negotiates has its port taken; RFC 2217 has no word for it. */
function refused({ url }: TcpAddress, text: string): BusyError {
  const words = text.trim().replace(/[^\x20-\x7e]+/g, " ");
  return new BusyError("port/busy", `${url} refuses: ${words}`, {
    hint: "end the other connection and try again",
    details: { url },
  });
}
