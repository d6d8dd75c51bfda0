import { CanceledError, isEspxError, LinkError, UsageError } from "@espx/proto";
import { connect, type Socket } from "node:net";

const connectTimeoutMs = 10_000;
const closeTimeoutMs = 1_000;

/** Host and port of an address such as `rfc2217://host:2217`; an IPv6 host stands in brackets. */
export interface TcpAddress {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** @throws UsageError `port/bad-url` when host or port is missing */
export function parseTcpUrl(url: string, scheme: string): TcpAddress {
  const match = /^([a-z0-9]+):\/\/(\[[0-9a-fA-F:.]+\]|[^:/?#[\]@]+):(\d{1,5})\/?$/.exec(url);
  const port = Number(match?.[3]);
  const host = match?.[2]?.replace(/^\[|\]$/g, "");
  if (match?.[1] === scheme && host !== undefined && port > 0 && port <= 65_535) return { url, host, port };
  throw new UsageError("port/bad-url", `"${url}" is not of the form ${scheme}://HOST:PORT`, {
    hint: `for example ${scheme}://127.0.0.1:2217`,
  });
}

export interface TcpEvents {
  chunk(bytes: Uint8Array): void;
  /** Once, when the connection ended, by whom and why ever. */
  closed(cause: Error | undefined): void;
}

/** A TCP connection that waits while the other side does not take more, and that ends in order. */
export class TcpConnection {
  readonly #socket: Socket;

  private constructor(socket: Socket, events: TcpEvents) {
    let cause: Error | undefined;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => events.chunk(chunk));
    socket.on("error", (error) => (cause = error));
    socket.on("close", () => events.closed(cause));
  }

  /**
   * @throws LinkError `port/unreachable` when nobody takes the connection within ten seconds
   * @throws CanceledError `port/canceled`
   */
  static async open(address: TcpAddress, events: TcpEvents, signal?: AbortSignal): Promise<TcpConnection> {
    const canceled = new CanceledError("port/canceled", `opening ${address.url} was canceled`);
    if (signal?.aborted === true) throw canceled;
    const socket = connect(address.port, address.host);
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    const abort = (): void => void socket.destroy(canceled);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
    } catch (cause) {
      throw isEspxError(cause) ? cause : unreachable(address, cause as Error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      socket.removeAllListeners();
    }
    return new TcpConnection(socket, events);
  }

  /** Resolves when more may be written, or the connection is gone. */
  async write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket.write(bytes) || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const proceed = (): void => {
        socket.off("drain", proceed);
        socket.off("close", proceed);
        resolve();
      };
      socket.on("drain", proceed);
      socket.on("close", proceed);
    });
  }

  /** Resolves when everything written was handed to the network. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.write("", () => resolve());
    });
  }

  /** Ends our side and waits a second for the other to end its own: then it has given up what it held for us. */
  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket.closed) return;
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const timer = setTimeout(() => socket.destroy(), closeTimeoutMs);
    socket.end();
    await closed;
    clearTimeout(timer);
  }

  destroy(cause: Error): void {
    this.#socket.destroy(cause);
  }
}

function unreachable({ url, host, port }: TcpAddress, cause: Error): LinkError {
  const { code } = cause as NodeJS.ErrnoException;
  const nobody = code === "ECONNREFUSED";
  const why = nobody
    ? `nobody listens at ${host}:${port}`
    : code === "ENOTFOUND"
      ? `there is no host ${host}`
      : cause.message;
  return new LinkError("port/unreachable", `cannot reach ${url}: ${why}`, {
    hint: nobody
      ? "start the serial server there, or look at the port's number"
      : "look at the address and the network",
    details: { url },
    cause,
  });
}
