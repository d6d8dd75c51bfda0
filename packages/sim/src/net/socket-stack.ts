import type { WaitResult, WorkerContext } from "../worker/context.ts";
import { BoardSocket } from "./board-socket.ts";
import type { LinkGate } from "./link-gate.ts";
import type { NetAddress } from "./net-address.ts";
import type { NetBackend } from "./net-backend.ts";
import type { TlsOptions, TlsOutcome } from "./tls-options.ts";
import { nameNotFound, netErrno } from "./net-errno.ts";

/** Sockets that a chip has, as ESP-IDF is configured for MicroPython. */
const socketsMax = 16;

/** How long a name look-up may take before it counts as failed. */
const resolveMs = 14_000;

/** How long TCP tries to reach somebody who does not answer; as lwIP on the chip, whose error is {@link netErrno.ECONNABORTED}. */
const connectMs = 18_000;

/** Below zero and above: whole waits, as the host calls take them. */
const limit = (timeoutMs: number): number => (timeoutMs < 0 ? Infinity : timeoutMs);

/**
 * The sockets of one boot, with the calls of the chip's stack: each answers a count, 0, or `-errno`.
 *
 * `timeoutMs` is -1 to wait without end and 0 not to wait.
 */
export class SocketStack {
  readonly #context: WorkerContext;
  readonly #backend: NetBackend;
  readonly #gate: LinkGate;
  readonly #sockets = new Map<number, BoardSocket>();
  /** Clients that no program has accepted yet; what they send waits with them. */
  readonly #arrived = new Map<number, BoardSocket>();
  /** Never given twice in one boot: what is still under way for a closed socket must not reach another. */
  #nextNumber = 1;

  constructor(context: WorkerContext, backend: NetBackend, gate: LinkGate) {
    this.#context = context;
    this.#backend = backend;
    this.#gate = gate;
  }

  get(number: number): BoardSocket | undefined {
    return this.#sockets.get(number) ?? this.#arrived.get(number);
  }

  open(kind: "stream" | "datagram"): number {
    if (this.#sockets.size >= socketsMax) return -netErrno.ENFILE;
    const socket = new BoardSocket(this.#nextNumber++, kind);
    this.#sockets.set(socket.number, socket);
    return socket.number;
  }

  bind(socket: BoardSocket, port: number): number {
    socket.localPort = port;
    return socket.kind === "datagram" ? this.#bindDatagram(socket) : 0;
  }

  listen(socket: BoardSocket, backlog: number): number {
    socket.state = "listening";
    this.#backend.listen(socket, socket.localPort, backlog);
    return this.#untilBound(socket);
  }

  /** The number of a socket for the next client. */
  accept(socket: BoardSocket, timeoutMs: number): number {
    if (socket.state !== "listening") return -netErrno.EINVAL;
    const result = this.#context.until(() => socket.backlog.shift(), limit(timeoutMs));
    if (typeof result === "string") return waited(result, timeoutMs);
    this.#arrived.delete(result.value.number);
    if (this.#sockets.size >= socketsMax) {
      this.#backend.close(result.value, false);
      return -netErrno.ENFILE;
    }
    this.#sockets.set(result.value.number, result.value);
    return result.value.number;
  }

  /** A socket that a client opened towards `listener`; it waits in the backlog. */
  arrived(listener: BoardSocket, peer: NetAddress): BoardSocket {
    const socket = new BoardSocket(this.#nextNumber++, "stream");
    socket.state = "open";
    socket.peer = peer;
    socket.localPort = listener.localPort;
    listener.backlog.push(socket);
    this.#arrived.set(socket.number, socket);
    return socket;
  }

  connect(socket: BoardSocket, to: NetAddress, timeoutMs: number): number {
    if (socket.kind === "datagram") {
      socket.peer = to;
      socket.state = "open";
      return 0;
    }
    const error = socket.takeError();
    if (error !== 0) return -error;
    if (socket.state === "open") return -netErrno.EISCONN;
    if (socket.state === "connecting") return -netErrno.EALREADY;
    if (!this.#gate.isOpen) return -netErrno.EHOSTUNREACH;
    socket.state = "connecting";
    socket.peer = to;
    if (!this.#gate.reaches(to)) this.#giveUpLater(socket);
    this.#gate.pass(() => socket.state === "connecting" && this.#backend.connect(socket, to), to);
    if (timeoutMs === 0) return -netErrno.EINPROGRESS;
    const result = this.#context.until(
      () => (socket.state === "open" || socket.hasError ? true : undefined),
      limit(timeoutMs),
    );
    if (typeof result === "string") return waited(result, timeoutMs);
    return -socket.takeError();
  }

  send(socket: BoardSocket, bytes: Uint8Array, timeoutMs: number): number {
    if (socket.kind === "datagram") {
      return socket.peer === undefined ? -netErrno.ENOTCONN : this.sendTo(socket, bytes, socket.peer);
    }
    this.#context.poll();
    const result = this.#context.until(
      () => (socket.roomBytes > 0 || socket.state !== "open" || socket.hasError ? true : undefined),
      limit(timeoutMs),
    );
    if (typeof result === "string") return waited(result, timeoutMs);
    const refused = socket.refusal();
    if (refused < 0) return refused;
    const part = bytes.slice(0, socket.roomBytes);
    socket.queued(part.length);
    this.#gate.pass(() => socket.state === "open" && this.#backend.send(socket, part), socket.peer);
    return part.length;
  }

  sendTo(socket: BoardSocket, bytes: Uint8Array, to: NetAddress): number {
    if (!this.#gate.isOpen) return -netErrno.EHOSTUNREACH;
    if (!socket.isBound) {
      const refused = this.#bindDatagram(socket);
      if (refused < 0) return refused;
    }
    const own = bytes.slice();
    if (!this.#gate.losesDatagram(to)) this.#gate.late(() => this.#backend.sendTo(socket, own, to));
    return bytes.length;
  }

  /** Fills `target()`, which is asked after the wait; a datagram's rest is dropped, its sender is `socket.peer`. */
  receive(socket: BoardSocket, target: () => Uint8Array, timeoutMs: number): number {
    const result = this.#context.until(
      () => ((socket.flags() & readable) !== 0 || unconnected(socket) ? true : undefined),
      limit(timeoutMs),
    );
    if (typeof result === "string") return waited(result, timeoutMs);
    if (socket.kind === "datagram") return takeDatagram(socket, target());
    const count = socket.received.read(target());
    if (count > 0) {
      this.#backend.consumed(socket, count);
      return count;
    }
    if (socket.hasEnded && !socket.hasError) return 0;
    return socket.refusal();
  }

  /** Makes TLS of an open connection; what it ended with, or `-errno`. */
  secure(socket: BoardSocket, options: TlsOptions, timeoutMs: number): TlsOutcome | number {
    const refused = socket.refusal();
    if (refused < 0) return refused;
    if (this.#backend.secure === undefined) return -netErrno.EOPNOTSUPP;
    socket.securing();
    this.#backend.secure(socket, options);
    const ended = (): TlsOutcome | undefined => (socket.tls === "pending" ? undefined : socket.tls);
    const result = this.#context.until(() => ended() ?? (socket.hasError ? true : undefined), limit(timeoutMs));
    if (typeof result === "string") return waited(result, timeoutMs);
    socket.takeError();
    return result.value === true ? -netErrno.ECONNABORTED : result.value;
  }

  close(number: number): number {
    const socket = this.#sockets.get(number);
    if (socket === undefined) return -netErrno.EBADF;
    this.#sockets.delete(number);
    for (const waiting of socket.backlog) {
      this.#arrived.delete(waiting.number);
      this.#backend.close(waiting, false);
    }
    socket.state = "closed";
    this.#backend.close(socket, !this.#gate.reaches(socket.peer));
    return 0;
  }

  /** An address for a name, or a number below zero as it belongs into the OSError. */
  resolve(name: string): string | number {
    if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return name;
    if (!this.#gate.isOpen) return nameNotFound;
    let answer: { readonly address: string | undefined } | undefined;
    this.#gate.pass(() => this.#backend.resolve(name, (address) => (answer = { address })));
    const result = this.#context.until(() => answer, resolveMs);
    if (result === "interrupted") return -netErrno.EINTR;
    return result === "timeout" ? nameNotFound : (result.value.address ?? nameNotFound);
  }

  /** The address of the board is gone: no connection survives that. */
  abortAll(): void {
    this.#gate.forget();
    for (const socket of this.#sockets.values()) {
      if (socket.kind === "datagram" || socket.state === "new" || socket.state === "listening") continue;
      this.#backend.close(socket, true);
      socket.failed(netErrno.ECONNABORTED);
    }
  }

  #giveUpLater(socket: BoardSocket): void {
    const giveUp = (): void => {
      if (socket.state === "connecting") socket.failed(netErrno.ECONNABORTED);
    };
    this.#context.at(this.#context.now() + connectMs, giveUp);
  }

  #bindDatagram(socket: BoardSocket): number {
    this.#backend.bind(socket, socket.localPort);
    return this.#untilBound(socket);
  }

  #untilBound(socket: BoardSocket): number {
    const result = this.#context.until(() => (socket.isBound || socket.hasError ? true : undefined), resolveMs);
    return typeof result === "string" ? waited(result, resolveMs) : -socket.takeError();
  }
}

const readable = 1;

function unconnected(socket: BoardSocket): boolean {
  return socket.kind === "stream" && socket.state !== "open";
}

function waited(result: Exclude<WaitResult<unknown>, object>, timeoutMs: number): number {
  if (result === "interrupted") return -netErrno.EINTR;
  return timeoutMs === 0 ? -netErrno.EAGAIN : -netErrno.ETIMEDOUT;
}

function takeDatagram(socket: BoardSocket, target: Uint8Array): number {
  const datagram = socket.datagrams.shift();
  if (datagram === undefined) return -socket.takeError() || -netErrno.EAGAIN;
  const part = datagram.bytes.subarray(0, target.length);
  target.set(part);
  socket.peer = datagram.from;
  return part.length;
}
