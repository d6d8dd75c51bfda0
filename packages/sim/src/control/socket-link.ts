import {
  CanceledError,
  type EspxError,
  isEspxError,
  LinkError,
  type LinkListener,
  LinkListeners,
  type LinkTraits,
  type SerialLink,
  type Signals,
} from "@espx/proto";
import { connect, type Socket } from "node:net";
import {
  encodeBaud,
  encodeDataFrames,
  encodeFrame,
  encodeJsonFrame,
  encodeSignals,
  type Frame,
  FrameDecoder,
  FrameKind,
  framingVersion,
} from "./serial-frames.ts";
import type { SerialHolder } from "./serial-gate.ts";
import { fromWireError, parseJson } from "./wire-error.ts";

const helloTimeoutMs = 5_000;

const closeTimeoutMs = 1_000;

const simTraits: LinkTraits = { kind: "sim", safeCreditBytes: 256, resetsOnOpen: false };

/** What {@link SocketLink} needs to know to reach a board. */
export interface SocketLinkOptions {
  readonly url: string;
  /** Where the board's serial socket is; asked again at every reopening, the simulator may have been started anew. */
  readonly findPath: () => Promise<string>;
  readonly holder: SerialHolder;
  readonly signal?: AbortSignal | undefined;
}

interface Pending {
  resolve(could: boolean): void;
  reject(error: Error): void;
}

/** A {@link SerialLink} to a board of a simulator that runs in another process. */
export class SocketLink implements SerialLink {
  readonly url: string;
  readonly #options: SocketLinkOptions;
  #listeners: LinkListeners;
  #socket: Socket | undefined;
  #traits: LinkTraits = simTraits;
  /** Requests that were not answered yet, oldest first: answers come in order. */
  #pending: Pending[] = [];
  #last: EspxError | undefined;

  private constructor(options: SocketLinkOptions) {
    this.url = options.url;
    this.#options = options;
    this.#listeners = new LinkListeners(options.url);
  }

  /**
   * @throws BusyError `port/busy`, naming the holder
   * @throws LinkError `sim/unreachable` when nobody answers at the socket
   */
  static async open(options: SocketLinkOptions): Promise<SocketLink> {
    const link = new SocketLink(options);
    await link.#connect();
    return link;
  }

  get traits(): LinkTraits {
    return this.#traits;
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#send(encodeDataFrames(bytes));
  }

  async drain(): Promise<void> {
    await this.#request(encodeFrame(FrameKind.drain));
  }

  setSignals(signals: Signals): Promise<boolean> {
    return this.#request(encodeSignals(signals));
  }

  async setBaud(baudRate: number): Promise<void> {
    await this.#request(encodeBaud(baudRate));
  }

  async reopen(): Promise<void> {
    this.#listeners.assertOpen();
    const old = this.#socket;
    this.#socket = undefined;
    await endSocket(old);
    try {
      await this.#connect();
    } catch (error) {
      this.#end(error as EspxError);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (!this.#listeners.open) return;
    this.#end();
    await endSocket(this.#socket);
  }

  async #connect(): Promise<void> {
    const path = await this.#options.findPath();
    const { signal, holder } = this.#options;
    if (signal?.aborted === true) throw new CanceledError("port/canceled", `opening ${this.url} was canceled`);
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${helloTimeoutMs} ms`)), helloTimeoutMs);
    const abort = (): void =>
      void socket.destroy(new CanceledError("port/canceled", `opening ${this.url} was canceled`));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await this.#greet(socket, holder);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #greet(socket: Socket, holder: SerialHolder): Promise<void> {
    return new Promise((resolve, reject) => {
      const decoder = new FrameDecoder();
      let welcomed = false;
      let cause: Error | undefined;
      const take = (frame: Frame): void => {
        if (welcomed) this.#take(frame);
        else if (frame.kind === FrameKind.refused) socket.destroy(fromWireError(parseJson(frame.bytes)));
        else if (frame.kind === FrameKind.welcome) {
          welcomed = true;
          this.#socket = socket;
          this.#traits = parseTraits(parseJson(frame.bytes));
          resolve();
        }
      };
      socket.on("data", (chunk: Uint8Array) => {
        try {
          for (const frame of decoder.feed(chunk)) take(frame);
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
      socket.on("error", (error) => (cause = error));
      socket.on("close", () => {
        if (welcomed) this.#lost(socket, cause);
        else reject(isEspxError(cause) ? cause : unreachable(this.url, cause));
      });
      socket.write(encodeJsonFrame(FrameKind.hello, { v: framingVersion, ...holder }));
    });
  }

  #take({ kind, bytes }: Frame): void {
    if (kind === FrameKind.data) this.#listeners.chunk(bytes);
    else if (kind === FrameKind.done) this.#pending.shift()?.resolve(bytes[0] === 1);
    else if (kind === FrameKind.failed) this.#pending.shift()?.reject(fromWireError(parseJson(bytes)));
    else if (kind === FrameKind.gone) this.#last = fromWireError(parseJson(bytes));
  }

  #lost(socket: Socket, cause: Error | undefined): void {
    if (socket !== this.#socket) return;
    const why = this.#last?.message ?? cause?.message ?? "the simulator ended or its board's port was given to nobody";
    this.#end(new LinkError("link/lost", `connection to ${this.url} was lost: ${why}`, { cause: this.#last ?? cause }));
  }

  #end(error?: Error): void {
    this.#listeners.close(error);
    const pending = this.#pending;
    this.#pending = [];
    const reason = error ?? new LinkError("link/lost", `${this.url} was closed while a request was under way`);
    for (const request of pending) request.reject(reason);
  }

  async #request(frame: Uint8Array): Promise<boolean> {
    this.#listeners.assertOpen();
    const answered = new Promise<boolean>((resolve, reject) => this.#pending.push({ resolve, reject }));
    // Awaited only after the send; a loss in between must not count as an unhandled rejection.
    answered.catch(() => {});
    await this.#send(frame);
    return answered;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    const socket = this.#socket;
    if (socket === undefined) throw new LinkError("link/lost", `${this.url} is being opened again`);
    if (socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const proceed = (): void => {
        socket.off("drain", proceed);
        socket.off("close", proceed);
        resolve();
      };
      socket.on("drain", proceed);
      socket.on("close", proceed);
    });
    this.#listeners.assertOpen();
  }
}

/** Ends a connection; resolves when the simulator has given the port back, which it says by ending its side. */
async function endSocket(socket: Socket | undefined): Promise<void> {
  if (socket === undefined || socket.closed) return;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const timer = setTimeout(() => socket.destroy(), closeTimeoutMs);
  socket.resume().end();
  await closed;
  clearTimeout(timer);
}

function parseTraits(value: unknown): LinkTraits {
  const traits = (value as { readonly traits?: Partial<LinkTraits> } | undefined)?.traits;
  return { ...simTraits, ...(typeof traits === "object" ? traits : {}) };
}

function unreachable(url: string, cause: Error | undefined): LinkError {
  const why = cause?.message ?? "the connection was closed before the first answer";
  return new LinkError("sim/unreachable", `cannot reach ${url}: ${why}`, {
    hint: "look whether the simulator still runs: espx ports",
    cause,
  });
}
