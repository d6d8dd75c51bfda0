import type { SerialPort } from "serialport";

/** What the binding of Linux and macOS asks libuv to look for, as bits. */
const readable = 1;
const writable = 2;

/** The binding's poller, which it does not type. */
interface Poller {
  poll(events?: number): void;
  emit(...event: readonly unknown[]): boolean;
  listenerCount(event: "readable" | "writable"): number;
}

/** How often Node is given a turn while the binding works on something. */
const turnMs = 1;

/**
 * Has a port that is open wait for room to write and for bytes to read at once, and go on as soon as either comes.
 *
 * The binding tells the operating system only what was asked for last: a read that begins to wait makes it forget a write that waits
 * for room, which then never goes on. It happens when an answer arrives while the next block fills the system's buffer. And from Node
 * 26.4 on, what waits goes on only when something else happens: see {@link withTurns}.
 * @source \@serialport/bindings-cpp 13.0.0, src/poller.cpp: `uv_poll_start` is given the new events alone
 */
export function keepWaits(port: SerialPort): void {
  const poller = pollerOf(port);
  if (poller === undefined) return;
  const poll = poller.poll.bind(poller);
  poller.poll = (events = 0) => {
    const reads = poller.listenerCount("readable") > 0 ? readable : 0;
    const writes = poller.listenerCount("writable") > 0 ? writable : 0;
    poll(events | reads | writes);
  };
  const emit = poller.emit.bind(poller);
  poller.emit = (...event) => {
    setImmediate(turn);
    return emit(...event);
  };
}

/**
 * Does what ends with a callback of the binding; from Node 26.4 on, what waits for that goes on only when something else happens, so
 * something does.
 *
 * @source https://github.com/serialport/bindings-cpp/pull/239
 */
export async function withTurns<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(turn, turnMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** The same for all that a port reads and writes on Windows, where there is no poller; the process may end all the same. */
export function turnWhileOpen(port: SerialPort): void {
  if (process.platform !== "win32") return;
  const timer = setInterval(turn, 4 * turnMs).unref();
  port.once("close", () => clearInterval(timer));
}

function turn(): void {
  // Nothing: that Node comes by is enough.
}

/** Windows has none. */
function pollerOf(port: SerialPort): Poller | undefined {
  const { poller } = (port.port ?? {}) as { readonly poller?: Poller };
  return typeof poller?.poll === "function" && typeof poller.listenerCount === "function" ? poller : undefined;
}
