import { ByteReader, type LinkListener, ProtocolError } from "@espx/proto";
import type { Server, Socket } from "node:net";
import {
  decodeSignals,
  encodeDataFrames,
  encodeFrame,
  encodeJsonFrame,
  type Frame,
  FrameDecoder,
  FrameKind,
  framingVersion,
} from "./serial-frames.ts";
import type { SerialClaim, SerialGate, SerialHolder } from "./serial-gate.ts";
import { chunksOf, closeServer, endSide, listenOn, unreadMaxBytes } from "./socket-server.ts";
import { parseJson, toWireError } from "./wire-error.ts";

/** Serves one board's serial port on a socket of this machine; see {@link FrameKind} for what is spoken. */
export class SerialServer {
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(listening: { readonly server: Server; readonly sockets: Set<Socket> }) {
    this.#server = listening.server;
    this.#sockets = listening.sockets;
  }

  /** @throws LinkError `sim/socket-unusable` when nothing can listen at `path` */
  static async open(gate: SerialGate, where: { readonly name: string; readonly path: string }): Promise<SerialServer> {
    const { name, path } = where;
    return new SerialServer(
      await listenOn({ path }, (socket) => void serve(socket, new SerialSession(socket, gate, name))),
    );
  }

  /** Ends every connection and stops listening. */
  close(): Promise<void> {
    return closeServer(this.#server, this.#sockets);
  }
}

async function serve(socket: Socket, session: SerialSession): Promise<void> {
  socket.once("close", () => void session.end());
  const decoder = new FrameDecoder();
  try {
    // Awaiting each frame stops reading meanwhile, so a slow board slows its client down.
    for await (const chunk of chunksOf(socket)) for (const frame of decoder.feed(chunk)) await session.take(frame);
  } catch (error) {
    session.gone(error);
  } finally {
    await session.end();
  }
}

class SerialSession {
  readonly #socket: Socket;
  readonly #gate: SerialGate;
  readonly #name: string;
  #claim: SerialClaim | undefined;

  constructor(socket: Socket, gate: SerialGate, name: string) {
    this.#socket = socket;
    this.#gate = gate;
    this.#name = name;
  }

  async take(frame: Frame): Promise<void> {
    if (this.#socket.destroyed) return;
    if (frame.kind === FrameKind.hello) this.#hello(frame.bytes);
    else if (this.#claim === undefined)
      throw new ProtocolError("sim/no-hello", `frame ${frame.kind} came before hello`);
    else await this.#act(this.#claim, frame);
  }

  /** Tells the client why this is the end; a connection that broke by itself cannot be told. */
  gone(error?: unknown): void {
    if (this.#socket.writable) this.#socket.end(encodeJsonFrame(FrameKind.gone, toWireError(error)));
  }

  async end(): Promise<void> {
    await this.#claim?.release();
    endSide(this.#socket);
  }

  #hello(bytes: Uint8Array): void {
    try {
      this.#claim = this.#gate.claim(parseHolder(parseJson(bytes)));
    } catch (error) {
      this.#socket.end(encodeJsonFrame(FrameKind.refused, toWireError(error)));
      return;
    }
    const { link } = this.#claim;
    this.#socket.write(
      encodeJsonFrame(FrameKind.welcome, { v: framingVersion, name: this.#name, traits: link.traits }),
    );
    const listener: LinkListener = {
      chunk: (chunk) => {
        if (this.#socket.writableLength < unreadMaxBytes) this.#socket.write(encodeDataFrames(chunk));
      },
      closed: (error) => this.gone(error),
    };
    link.listen(listener);
  }

  async #act(claim: SerialClaim, { kind, bytes }: Frame): Promise<void> {
    if (kind === FrameKind.data) return claim.link.write(bytes);
    if (kind !== FrameKind.signals && kind !== FrameKind.baud && kind !== FrameKind.drain) return;
    try {
      this.#socket.write(encodeFrame(FrameKind.done, Uint8Array.of((await perform(claim, kind, bytes)) ? 1 : 0)));
    } catch (error) {
      this.#socket.write(encodeJsonFrame(FrameKind.failed, toWireError(error)));
    }
  }
}

async function perform({ link }: SerialClaim, kind: number, bytes: Uint8Array): Promise<boolean> {
  await link.drain();
  if (kind === FrameKind.signals) return link.setSignals(decodeSignals(bytes));
  if (kind === FrameKind.baud) await link.setBaud(new ByteReader(bytes).u32le());
  return true;
}

function parseHolder(value: unknown): SerialHolder {
  const { pid, command } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!Number.isInteger(pid) || typeof command !== "string" || !/^[\x20-\x7e]{1,80}$/.test(command)) {
    throw new ProtocolError("sim/bad-hello", "hello does not name its pid and command");
  }
  return { pid: pid as number, command };
}
