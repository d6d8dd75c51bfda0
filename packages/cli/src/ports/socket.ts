import {
  LinkError,
  type LinkListener,
  LinkListeners,
  type LinkTraits,
  type PortProvider,
  type SerialLink,
} from "@espx/proto";
import { parseTcpUrl, type TcpAddress, TcpConnection } from "./tcp-connection.ts";

const scheme = "socket";

/** Serial ports behind a plain TCP port, `socket://host:port`: bytes only, no modem lines and no baud rate. */
export function createSocketPorts(): PortProvider {
  return {
    scheme,
    list: async () => [],
    open: async (url, { signal } = {}) => SocketPortLink.open(parseTcpUrl(url, scheme), signal),
  };
}

class SocketPortLink implements SerialLink {
  readonly url: string;
  readonly traits: LinkTraits = { kind: "net", safeCreditBytes: 256, resetsOnOpen: false };
  readonly #address: TcpAddress;
  readonly #listeners: LinkListeners;
  #connection: TcpConnection | undefined;
  /** Counts connections: the end of an earlier one is not the end of the link. */
  #openings = 0;

  private constructor(address: TcpAddress) {
    this.url = address.url;
    this.#address = address;
    this.#listeners = new LinkListeners(address.url);
  }

  static async open(address: TcpAddress, signal?: AbortSignal): Promise<SocketPortLink> {
    const link = new SocketPortLink(address);
    await link.#connect(signal);
    return link;
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    await this.#connection?.write(bytes);
    this.#listeners.assertOpen();
  }

  async drain(): Promise<void> {
    this.#listeners.assertOpen();
    await this.#connection?.drain();
  }

  async setSignals(): Promise<boolean> {
    this.#listeners.assertOpen();
    return false;
  }

  /** The rate is what the other end made it; nothing can be asked of it. */
  async setBaud(): Promise<void> {
    this.#listeners.assertOpen();
  }

  async reopen(): Promise<void> {
    this.#listeners.assertOpen();
    const old = this.#connection;
    this.#connection = undefined;
    this.#openings++;
    await old?.close();
    try {
      await this.#connect();
    } catch (error) {
      this.#listeners.close(error as Error);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (!this.#listeners.open) return;
    this.#listeners.close();
    await this.#connection?.close();
  }

  async #connect(signal?: AbortSignal): Promise<void> {
    const opening = this.#openings;
    const events = {
      chunk: (bytes: Uint8Array) => this.#listeners.chunk(bytes),
      closed: (cause: Error | undefined) => {
        if (this.#openings === opening) this.#listeners.close(lost(this.url, cause));
      },
    };
    this.#connection = await TcpConnection.open(this.#address, events, signal);
  }
}

function lost(url: string, cause: Error | undefined): LinkError {
  return new LinkError("link/lost", `connection to ${url} was lost: ${cause?.message ?? "the other end closed it"}`, {
    cause,
  });
}
