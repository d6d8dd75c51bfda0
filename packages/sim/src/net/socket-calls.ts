import type { HostCalls, WorkerContext } from "../worker/context.ts";
import { pollFlag, type BoardSocket } from "./board-socket.ts";
import { netErrno } from "./net-errno.ts";
import { parseTlsOptions } from "./tls-options.ts";
import type { SocketStack } from "./socket-stack.ts";

/** Number of the console among the objects that are polled. */
const consoleNumber = -1;

/** Words of one polled object: its number, the flags asked for, the flags found. */
const pollWords = 3;

/** What Python's `socket` and `select` stand on. */
export function socketCalls(context: WorkerContext, stack: SocketStack): HostCalls {
  const bytesAt = (address: number, length: number): Uint8Array => context.memory().subarray(address, address + length);
  const on = (number: number, act: (socket: BoardSocket) => number): number => {
    const socket = stack.get(number);
    return socket === undefined ? -netErrno.EBADF : act(socket);
  };
  const flags = (number: number): number => {
    if (number !== consoleNumber) return stack.get(number)?.flags() ?? pollFlag.invalid;
    return pollFlag.out | (context.consoleBytes() > 0 ? pollFlag.in : 0);
  };
  return {
    socket_new: (datagram: boolean) => stack.open(datagram ? "datagram" : "stream"),
    socket_bind: (number: number, port: number) => on(number, (socket) => stack.bind(socket, port)),
    socket_listen: (number: number, backlog: number) => on(number, (socket) => stack.listen(socket, backlog)),
    socket_accept: (number: number, timeoutMs: number) => on(number, (socket) => stack.accept(socket, timeoutMs)),
    socket_connect: (number: number, address: string, port: number, timeoutMs: number) =>
      on(number, (socket) => stack.connect(socket, { address, port }, timeoutMs)),
    socket_send: (number: number, at: number, length: number, timeoutMs: number) =>
      on(number, (socket) => stack.send(socket, bytesAt(at, length), timeoutMs)),
    socket_sendto: (number: number, at: number, length: number, address: string, port: number) =>
      on(number, (socket) => stack.sendTo(socket, bytesAt(at, length), { address, port })),
    socket_receive: (number: number, at: number, length: number, timeoutMs: number) =>
      on(number, (socket) => stack.receive(socket, () => bytesAt(at, length), timeoutMs)),
    /** `address:port` of the other end, or of the last datagram's sender. */
    socket_peer: (number: number) => {
      const peer = stack.get(number)?.peer;
      return peer === undefined ? undefined : `${peer.address}:${peer.port}`;
    },
    socket_port: (number: number) => on(number, (socket) => socket.localPort),
    socket_flags: (number: number) => {
      context.poll();
      return flags(number);
    },
    /** Closes the socket when Python has lost it, as the chip's collector does. */
    socket_guard: (number: number) => ({ forgotten: () => void stack.close(number) }),
    socket_close: (number: number) => stack.close(number),
    socket_resolve: (name: string) => stack.resolve(name),
    /** JSON of a TlsOutcome, or `-errno`. */
    socket_secure: (number: number, options: string, timeoutMs: number) => {
      const socket = stack.get(number);
      if (socket === undefined) return -netErrno.EBADF;
      const parsed = parseTlsOptions(options);
      if (parsed === undefined) return -netErrno.EINVAL;
      const result = stack.secure(socket, parsed, timeoutMs);
      return typeof result === "number" ? result : JSON.stringify(result);
    },
    /** Waits until one of `count` objects has a flag it is asked for; answers how many have. */
    socket_poll: (at: number, count: number, timeoutMs: number) => {
      const found = (): number | undefined => pollOnce(context.memory(), { at, count, flags }) || undefined;
      context.poll();
      const result = context.until(found, timeoutMs < 0 ? Infinity : timeoutMs);
      if (result === "interrupted") return -netErrno.EINTR;
      return result === "timeout" ? 0 : result.value;
    },
  };
}

/** Writes the flags found; errors and hang-ups are told unasked. */
function pollOnce(
  memory: Uint8Array,
  { at, count, flags }: { readonly at: number; readonly count: number; readonly flags: (number: number) => number },
): number {
  const words = new Int32Array(memory.buffer, memory.byteOffset + at, count * pollWords);
  const unasked = pollFlag.error | pollFlag.hangUp | pollFlag.invalid;
  let ready = 0;
  for (let index = 0; index < words.length; index += pollWords) {
    const result = flags(words[index] ?? 0) & ((words[index + 1] ?? 0) | unasked);
    words[index + 2] = result;
    if (result !== 0) ready++;
  }
  return ready;
}
