import {
  decodeComPort,
  encodeComPort,
  encodeTelnetData,
  isEspxError,
  type SerialLink,
  TelnetDecoder,
  type TelnetItem,
  telnetOptions,
} from "@espx/proto";
import type { AddressInfo, Server, Socket } from "node:net";
import type { SerialClaim, SerialGate } from "../control/serial-gate.ts";
import { chunksOf, closeServer, endSide, listenOn, unreadMaxBytes } from "../control/socket-server.ts";
import { ComPortServer, modemState } from "./com-port-server.ts";
import { TelnetOptions } from "./telnet-options.ts";

const host = "127.0.0.1";

/**
 * Serves a board's serial port to RFC 2217 clients of this machine, one at a time.
 *
 * A client that comes while the port is taken is sent one line of text that names the holder, and is disconnected.
 * Suspend and resume have no effect: TCP holds the board's output back already.
 */
export class Rfc2217Server {
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly url: string;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.url = `rfc2217://${host}:${(server.address() as AddressInfo).port}`;
  }

  /** @throws LinkError `sim/socket-unusable` when the port cannot be listened on; 0 takes a free one */
  static async open(
    gate: SerialGate,
    options: { readonly name: string; readonly port?: number },
  ): Promise<Rfc2217Server> {
    const { server, sockets } = await listenOn({ host, port: options.port ?? 0 }, (socket) => {
      socket.setNoDelay(true);
      void serve(socket, gate, options.name);
    });
    return new Rfc2217Server(server, sockets);
  }

  /** Ends every connection and stops listening. */
  close(): Promise<void> {
    return closeServer(this.#server, this.#sockets);
  }
}

async function serve(socket: Socket, gate: SerialGate, name: string): Promise<void> {
  let claim: SerialClaim;
  try {
    claim = gate.claim({ command: `a client at ${socket.remoteAddress}:${socket.remotePort}` });
  } catch (error) {
    socket.write(`${isEspxError(error) ? error.message : `${name} cannot be used`}\r\n`);
    endSide(socket);
    return;
  }
  socket.once("close", () => void claim.release());
  const session = new Rfc2217Session(socket, claim.link, `espx sim:${name}`);
  try {
    session.start();
    for await (const chunk of chunksOf(socket)) await session.take(chunk);
  } catch (error) {
    if (socket.writable) socket.end(`\r\n${isEspxError(error) ? error.message : "connection ends"}\r\n`);
  } finally {
    session.close();
    await claim.release();
    endSide(socket);
  }
}

class Rfc2217Session {
  readonly #socket: Socket;
  readonly #link: SerialLink;
  readonly #comPort: ComPortServer;
  readonly #decoder = new TelnetDecoder();
  readonly #options = new TelnetOptions();
  #replies: Uint8Array[] = [];

  constructor(socket: Socket, link: SerialLink, signature: string) {
    this.#socket = socket;
    this.#link = link;
    this.#comPort = new ComPortServer(link, signature);
  }

  start(): void {
    for (const bytes of this.#options.offer()) this.#socket.write(bytes);
    this.#link.listen({
      chunk: (bytes) => {
        if (this.#socket.writableLength < unreadMaxBytes) this.#socket.write(encodeTelnetData(bytes));
      },
      closed: () => this.#socket.end(),
    });
  }

  close(): void {
    this.#comPort.close();
  }

  async take(chunk: Uint8Array): Promise<void> {
    for (const item of this.#decoder.feed(chunk)) await this.#obey(item);
    await this.#settle();
  }

  /** A client may take an answer for the effect, so lines move before their answers go out. */
  async #settle(): Promise<void> {
    await this.#comPort.flush();
    const replies = this.#replies;
    this.#replies = [];
    if (replies.length > 0) this.#socket.write(Buffer.concat(replies));
  }

  async #obey(item: TelnetItem): Promise<void> {
    if (item.kind === "data") {
      await this.#settle();
      await this.#link.write(item.bytes);
    } else if (item.kind === "negotiation") {
      this.#reply(this.#options.answer(item.verb, item.option));
      const started = item.verb === "will" && item.option === telnetOptions.comPort;
      if (started) this.#reply(encodeComPort({ direction: "reply", kind: "modem-state", value: modemState }));
    } else if (item.kind === "subnegotiation" && item.option === telnetOptions.comPort) {
      const reply = await this.#comPort.obey(decodeComPort(item.bytes));
      if (reply !== undefined) this.#reply(encodeComPort(reply));
    }
  }

  #reply(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#replies.push(bytes);
  }
}
