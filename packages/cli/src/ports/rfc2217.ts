import {
  LinkError,
  type LinkListener,
  LinkListeners,
  type LinkTraits,
  type PortProvider,
  type SerialLink,
  type Signals,
} from "@espx/proto";
import { type Rfc2217OpenOptions, Rfc2217Session } from "./rfc2217-session.ts";
import { parseTcpUrl, type TcpAddress } from "./tcp-connection.ts";

const scheme = "rfc2217";

const startBaudRate = 115_200;

/** Serial ports of another machine, or of a simulator, as `rfc2217://host:port`. */
export function createRfc2217Ports(): PortProvider {
  return {
    scheme,
    list: async () => [],
    open: async (url, { baudRate = startBaudRate, signal } = {}) =>
      Rfc2217Link.open(parseTcpUrl(url, scheme), { baudRate, signal }),
  };
}

/** A {@link SerialLink} over RFC 2217. */
class Rfc2217Link implements SerialLink {
  readonly url: string;
  readonly traits: LinkTraits = { kind: "net", safeCreditBytes: 256, resetsOnOpen: false };
  readonly #address: TcpAddress;
  readonly #listeners: LinkListeners;
  #session: Rfc2217Session | undefined;
  #baudRate = startBaudRate;
  /** Counts connections: the end of an earlier one is not the end of the link. */
  #openings = 0;

  private constructor(address: TcpAddress) {
    this.url = address.url;
    this.#address = address;
    this.#listeners = new LinkListeners(address.url);
  }

  static async open(address: TcpAddress, options: Rfc2217OpenOptions): Promise<Rfc2217Link> {
    const link = new Rfc2217Link(address);
    await link.#connect(options);
    return link;
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#open().write(bytes);
    this.#listeners.assertOpen();
  }

  drain(): Promise<void> {
    return this.#try((session) => session.drain());
  }

  setSignals(signals: Signals): Promise<boolean> {
    return this.#try((session) => session.setSignals(signals));
  }

  async setBaud(baudRate: number): Promise<void> {
    await this.#try((session) => session.setBaud(baudRate));
    this.#baudRate = baudRate;
  }

  async reopen(): Promise<void> {
    const old = this.#open();
    this.#session = undefined;
    this.#openings++;
    await old.close();
    try {
      await this.#connect({ baudRate: this.#baudRate, signal: undefined });
    } catch (error) {
      this.#listeners.close(error as Error);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (!this.#listeners.open) return;
    this.#listeners.close();
    await this.#session?.close();
  }

  async #connect(options: Rfc2217OpenOptions): Promise<void> {
    const opening = this.#openings;
    const events = {
      chunk: (bytes: Uint8Array): void => this.#listeners.chunk(bytes),
      closed: (cause: Error | undefined): void => {
        if (this.#openings === opening) this.#listeners.close(cause);
      },
    };
    this.#session = await Rfc2217Session.open(this.#address, events, options);
    this.#baudRate = options.baudRate;
  }

  #open(): Rfc2217Session {
    this.#listeners.assertOpen();
    if (this.#session === undefined) throw new LinkError("link/lost", `${this.url} is being opened again`);
    return this.#session;
  }

  async #try<T>(action: (session: Rfc2217Session) => Promise<T>): Promise<T> {
    try {
      return await action(this.#open());
    } catch (error) {
      // What was under way when the connection ended fails alike on every kind of link.
      this.#listeners.assertOpen();
      throw error;
    }
  }
}
